#include "client/recurctl/session_list.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/recurctl/command.h"

namespace recurd {
namespace {

constexpr uint32_t kPageSize = 1000;

std::string Millis(uint64_t ms) {
  if (ms < 60'000) return Duration(1e6 * static_cast<double>(ms));
  if (ms < 3'600'000) return absl::StrFormat("%.1f min", static_cast<double>(ms) / 60e3);
  return absl::StrFormat("%.1f h", static_cast<double>(ms) / 3600e3);
}

std::string StateOf(const v1::SessionInfo& session) {
  return session.kind().empty() ? session.attached() ? "attached" : "detached" : Printable(session.kind());
}

}  // namespace

absl::StatusOr<std::vector<v1::SessionInfo>> ListAllSessions(const Client& client, const std::string& model) {
  std::vector<v1::SessionInfo> sessions;
  v1::ListSessionsRequest request;
  request.set_model(model);
  request.set_page_size(kPageSize);
  for (;;) {
    auto page = client.ListSessions(request);
    if (!page.ok()) return page.status();
    for (v1::SessionInfo& session : *page->mutable_sessions()) sessions.push_back(std::move(session));
    if (page->next_page_token().empty()) return sessions;
    if (page->next_page_token() == request.page_token()) {
      return absl::InternalError("the daemon gives the same page of sessions again and again");
    }
    request.set_page_token(page->next_page_token());
  }
}

std::string SessionTable(const std::vector<v1::SessionInfo>& sessions, const std::map<std::string, double>* rates) {
  std::string text =
      absl::StrFormat("%-8s %-24s %-8s %12s %s%-9s %10s %10s  %s\n", "HANDLE", "MODEL", "VERSION", "STEP",
                      rates == nullptr ? "" : "     STEPS/S ", "STATE", "IDLE", "AGE", "IDENTITY");
  for (const v1::SessionInfo& session : sessions) {
    std::string rate;
    if (rates != nullptr) {
      const auto found = rates->find(session.handle());
      rate = found == rates->end() ? absl::StrFormat("%12s ", "-") : absl::StrFormat("%12.1f ", found->second);
    }
    absl::StrAppendFormat(&text, "%-8s %-24s %-8s %12d %s%-9s %10s %10s  %s\n", Printable(session.handle()),
                          Printable(session.model()), Printable(session.version()), session.next_step(), rate,
                          StateOf(session), Millis(session.idle_ms()), Millis(session.age_ms()),
                          Printable(session.identity()));
  }
  return text;
}

}  // namespace recurd
