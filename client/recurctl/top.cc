#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/recurctl/command.h"
#include "client/recurctl/interrupt.h"
#include "client/recurctl/session_list.h"
#include "server/base/clock.h"

namespace recurd {
namespace {

constexpr char kClear[] = "\x1b[H\x1b[2J";
constexpr size_t kRowsShown = 40;

// Steps a second of each session since the last look.
class Rates {
 public:
  std::map<std::string, double> Update(const std::vector<v1::SessionInfo>& sessions, int64_t now_ns) {
    std::map<std::string, double> rates;
    std::map<std::string, uint64_t> steps;
    const double seconds = static_cast<double>(now_ns - last_ns_) / 1e9;
    for (const v1::SessionInfo& session : sessions) {
      const uint64_t step = steps[session.handle()] = session.next_step();
      const auto before = steps_.find(session.handle());
      if (before == steps_.end() || seconds <= 0) continue;
      const uint64_t done = step >= before->second ? step - before->second : step;  // a new sequence counts from 0
      rates[session.handle()] = static_cast<double>(done) / seconds;
    }
    steps_ = std::move(steps);
    last_ns_ = now_ns;
    return rates;
  }

 private:
  std::map<std::string, uint64_t> steps_;
  int64_t last_ns_ = 0;
};

std::string ServerLine(const v1::GetServerInfoResponse& info) {
  return absl::StrFormat("recurd %s, %s on %s, up %s; %d of %d sessions, %d detached; capacity used %.1f %%%s\n",
                         Printable(info.version()), Printable(info.pipeline()), Printable(info.target()),
                         Duration(1e6 * static_cast<double>(info.uptime_ms())), info.sessions_active(),
                         info.max_sessions(), info.sessions_detached(), 100 * info.capacity_used_ratio(),
                         info.draining() ? "; draining" : "");
}

// The sessions that step fastest, as many as a screen holds.
std::string Screen(std::vector<v1::SessionInfo> sessions, const std::map<std::string, double>& rates) {
  const auto rate = [&](const v1::SessionInfo& session) {
    const auto found = rates.find(session.handle());
    return found == rates.end() ? 0 : found->second;
  };
  std::stable_sort(sessions.begin(), sessions.end(), [&](const auto& a, const auto& b) { return rate(a) > rate(b); });
  const size_t left_out = sessions.size() > kRowsShown ? sessions.size() - kRowsShown : 0;
  sessions.resize(sessions.size() - left_out);
  std::string text = SessionTable(sessions, &rates);
  if (left_out > 0) absl::StrAppend(&text, "and ", left_out, " more\n");
  return text;
}

absl::Status Watch(const Client& client, const std::string& model, int64_t iterations, double interval,
                   const Interrupt& interrupt) {
  const SteadyClock clock;
  Rates rates;
  const bool terminal = isatty(STDOUT_FILENO) != 0;
  for (int64_t i = 0; iterations == 0 || i < iterations; ++i) {
    pollfd stop = {interrupt.fd(), POLLIN, 0};
    if (i > 0 && poll(&stop, 1, static_cast<int>(interval * 1000)) > 0) break;
    const auto info = client.GetServerInfo();
    if (!info.ok()) return info.status();
    const auto sessions = ListAllSessions(client, model);
    if (!sessions.ok()) return sessions.status();
    const std::string screen = Screen(*sessions, rates.Update(*sessions, clock.NowNs()));
    absl::PrintF("%s%s\n%s\n", terminal ? kClear : "", ServerLine(*info), screen);
    std::fflush(stdout);
  }
  return absl::OkStatus();
}

}  // namespace

int RunTop(const std::vector<std::string>& arguments) {
  FlagSet flags("top [flags]",
                "Watches a daemon's sessions, those that step fastest first, until Ctrl-C. STEPS/S is since the last\n"
                "look; the first has none.");
  ServerFlags server;
  std::string model;
  int64_t iterations = 0;
  double interval = 1;
  server.AddTo(&flags);
  flags.Add("model", &model, "Only the sessions of this model.");
  flags.Add("iterations", &iterations, 0, INT64_MAX, "How often to look; 0: until Ctrl-C.");
  flags.Add("interval", &interval, 0.05, 3600, "Seconds between two looks.");
  if (const std::optional<int> code = flags.Parse(arguments)) return *code;

  const Interrupt interrupt;
  const absl::StatusOr<Client> client = server.Connect();
  if (!client.ok()) return Fail(client.status());
  const absl::Status status = Watch(*client, model, iterations, interval, interrupt);
  return status.ok() ? kExitOk : Fail(status);
}

}  // namespace recurd
