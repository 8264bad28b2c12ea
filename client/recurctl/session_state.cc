// export, import, close: what operators do with one session.
#include <cstdio>

#include "absl/strings/str_format.h"
#include "client/recurctl/command.h"
#include "client/recurctl/state_file.h"

namespace recurd {
namespace {

constexpr char kSessionHelp[] = "A session's id, or its handle (@17) as `recurctl sessions` shows it.";

}  // namespace

int RunExport(const std::vector<std::string>& arguments) {
  FlagSet flags("export SESSION --out=FILE [flags]",
                "Writes a session's state, with its model's name, to a file that `recurctl import` reads, here or at\n"
                "another daemon with the same model. The session goes on.");
  ServerFlags server;
  std::string session, out;
  flags.AddPositional("SESSION", &session, true, kSessionHelp);
  server.AddTo(&flags);
  flags.Add("out", &out, "The file; one that exists is replaced.");
  if (const std::optional<int> code = flags.Parse(arguments)) return *code;
  if (out.empty()) return FailUsage("--out is missing: the file to write");

  const absl::StatusOr<Client> client = server.Connect();
  if (!client.ok()) return Fail(client.status());
  const auto state = client->ExportSession(session);
  if (!state.ok()) return Fail(state.status());
  if (absl::Status status = WriteStateFile(out, *state); !status.ok()) return Fail(status);
  absl::PrintF("%s: model %s version %s after %d steps\n", out, Printable(state->model()), Printable(state->version()),
               state->state().step());
  return kExitOk;
}

int RunImport(const std::vector<std::string>& arguments) {
  FlagSet flags(
      "import FILE [flags]",
      "Makes a session from a file of `recurctl export`, and prints its id: whoever knows it may attach to the\n"
      "session, which otherwise ends after the daemon's --session_linger.");
  ServerFlags server;
  std::string file, model, version;
  bool allow_profile_change = false, json = false;
  flags.AddPositional("FILE", &file, true, "What `recurctl export` wrote.");
  server.AddTo(&flags);
  flags.Add("model", &model, "The model's name where it is called otherwise; none: the file's.");
  flags.Add("version", &version, "The model's version; none: the newest served.");
  flags.Add("allow_profile_change", &allow_profile_change,
            "Accept a daemon that rounds otherwise: later outputs may differ in their last bits.");
  flags.Add("json", &json, "Print ImportSessionResponse as JSON.");
  if (const std::optional<int> code = flags.Parse(arguments)) return *code;

  auto state = ReadStateFile(file);
  if (!state.ok()) return Fail(state.status());
  const absl::StatusOr<Client> client = server.Connect();
  if (!client.ok()) return Fail(client.status());
  v1::ImportSessionRequest request;
  request.set_model(model.empty() ? state->model() : model);
  request.set_version(version);
  request.set_allow_profile_change(allow_profile_change);
  request.mutable_state()->Swap(state->mutable_state());
  const auto session = client->ImportSession(request);
  if (!session.ok()) return Fail(session.status());
  if (json) {
    absl::PrintF("%s\n", ToJson(*session));
  } else {
    absl::PrintF("%s after %d steps\n", Printable(session->session_id()), session->next_step());
  }
  return kExitOk;
}

int RunClose(const std::vector<std::string>& arguments) {
  FlagSet flags(
      "close SESSION... [flags]",
      "Ends sessions; clients of theirs are told: closed, or evicted where a handle was given. Exit code 1 if\n"
      "any of them couldn't be ended.");
  ServerFlags server;
  std::vector<std::string> sessions;
  flags.AddRest("SESSION...", &sessions, kSessionHelp);
  server.AddTo(&flags);
  if (const std::optional<int> code = flags.Parse(arguments)) return *code;

  const absl::StatusOr<Client> client = server.Connect();
  if (!client.ok()) return Fail(client.status());
  int code = kExitOk;
  for (const std::string& session : sessions) {
    const auto closed = client->CloseSession(session);
    if (!closed.ok()) {
      code = Fail(closed.status());
      continue;
    }
    absl::PrintF("%s closed before step %d\n", session.front() == '@' ? session : "session", closed->next_step());
  }
  return code;
}

}  // namespace recurd
