#include <cstdio>

#include "absl/strings/str_format.h"
#include "client/recurctl/command.h"
#include "client/recurctl/session_list.h"

namespace recurd {

int RunSessions(const std::vector<std::string>& arguments) {
  FlagSet flags("sessions [flags]",
                "Lists the sessions that a daemon holds, oldest first. Handles name them to `recurctl export` and\n"
                "`recurctl close`; where clients authenticate, this is for administrators.");
  ServerFlags server;
  std::string model;
  bool json = false;
  server.AddTo(&flags);
  flags.Add("model", &model, "Only the sessions of this model.");
  flags.Add("json", &json, "Print SessionInfo as JSON, one a line.");
  if (const std::optional<int> code = flags.Parse(arguments)) return *code;

  const absl::StatusOr<Client> client = server.Connect();
  if (!client.ok()) return Fail(client.status());
  const auto sessions = ListAllSessions(*client, model);
  if (!sessions.ok()) return Fail(sessions.status());
  if (!json) std::fputs(SessionTable(*sessions, nullptr).c_str(), stdout);
  for (const v1::SessionInfo& session : *sessions) {
    if (json) absl::PrintF("%s\n", ToJson(session));
  }
  return kExitOk;
}

}  // namespace recurd
