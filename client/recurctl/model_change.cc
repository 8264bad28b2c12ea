#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/recurctl/command.h"

namespace recurd {
namespace {

// What both commands take.
struct ChangeFlags {
  ServerFlags server;
  std::string model, version;
  bool json = false;

  std::optional<int> Parse(FlagSet flags, const char* no_version, const std::vector<std::string>& arguments) {
    flags.AddPositional("MODEL", &model, true, "The model's name: its folder in the repository.");
    flags.AddPositional("VERSION", &version, false, absl::StrCat("Its version; none: ", no_version, "."));
    server.AddTo(&flags);
    flags.Add("json", &json, "Print the answer as JSON.");
    return flags.Parse(arguments);
  }
};

template <typename Response>
int Print(const ChangeFlags& flags, const char* done, const Response& response) {
  if (flags.json) {
    absl::PrintF("%s\n", ToJson(response));
    return kExitOk;
  }
  const std::string versions = absl::StrJoin(response.versions(), ", ");
  absl::PrintF("%s %s, version %s\n", done, Printable(flags.model), Printable(versions));
  if (response.sessions_left() > 0) {
    absl::PrintF("%d sessions go on with what they opened until --reload_grace is over\n", response.sessions_left());
  }
  return kExitOk;
}

}  // namespace

int RunLoad(const std::vector<std::string>& arguments) {
  ChangeFlags flags;
  FlagSet set("load MODEL [VERSION] [flags]",
              "Serves a model of the daemon's repository, read anew: built, warmed and compared with the plain\n"
              "reference first. If anything is wrong, nothing changes. For administrators.");
  const char* no_version = "those that its config.pbtxt chooses, and no others";
  if (const std::optional<int> code = flags.Parse(std::move(set), no_version, arguments)) return *code;
  const absl::StatusOr<Client> client = flags.server.Connect();
  if (!client.ok()) return Fail(client.status());
  const auto loaded = client->LoadModel(flags.model, flags.version);
  return loaded.ok() ? Print(flags, "loaded", *loaded) : Fail(loaded.status());
}

int RunUnload(const std::vector<std::string>& arguments) {
  ChangeFlags flags;
  FlagSet set("unload MODEL [VERSION] [flags]",
              "Serves a model no longer. Its sessions may finish within the daemon's --reload_grace; its memory comes\n"
              "back with the last of them. For administrators.");
  if (const std::optional<int> code = flags.Parse(std::move(set), "all that are served", arguments)) return *code;
  const absl::StatusOr<Client> client = flags.server.Connect();
  if (!client.ok()) return Fail(client.status());
  const auto unloaded = client->UnloadModel(flags.model, flags.version);
  return unloaded.ok() ? Print(flags, "unloaded", *unloaded) : Fail(unloaded.status());
}

}  // namespace recurd
