#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/recurctl/command.h"

namespace recurd {
namespace {

void Print(const char* label, const std::string& value) { absl::PrintF("%-14s %s\n", label, Printable(value)); }

void PrintInfo(const v1::GetServerInfoResponse& info) {
  Print("version", absl::StrCat(info.version(), " (api minor ", info.api_minor(), ")"));
  Print("pipeline", absl::StrCat(info.pipeline(), " on ", info.target()));
  Print("numerics", info.numerics_profile());
  Print("sessions", absl::StrCat(info.sessions_active(), " of ", info.max_sessions()));
  Print("chunk limit", absl::StrCat(info.max_chunk_steps(), " steps, ", info.max_message_bytes(), " bytes a message"));
  Print("quantum", absl::StrCat(info.quantum_us(), " us"));
  Print("uptime", Duration(1e6 * static_cast<double>(info.uptime_ms())));
  Print("state", info.draining() ? "draining: no new sessions" : "serving");
}

}  // namespace

int RunInfo(const std::vector<std::string>& arguments) {
  FlagSet flags("info [flags]", "Shows a daemon's version, pipeline and limits.");
  ServerFlags server;
  bool json = false;
  server.AddTo(&flags);
  flags.Add("json", &json, "Print GetServerInfoResponse as JSON.");
  if (const std::optional<int> code = flags.Parse(arguments)) return *code;

  const absl::StatusOr<Client> client = server.Connect();
  if (!client.ok()) return Fail(client.status());
  const auto info = client->GetServerInfo();
  if (!info.ok()) return Fail(info.status());
  if (json) {
    absl::PrintF("%s\n", ToJson(*info));
  } else {
    PrintInfo(*info);
  }
  return kExitOk;
}

}  // namespace recurd
