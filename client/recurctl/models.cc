#include <cstdio>

#include "absl/strings/str_format.h"
#include "client/recurctl/command.h"

namespace recurd {

int RunModels(const std::vector<std::string>& arguments) {
  FlagSet flags("models [flags]", "Lists the models that a daemon serves.");
  ServerFlags server;
  bool json = false;
  server.AddTo(&flags);
  flags.Add("json", &json, "Print ListModelsResponse as JSON.");
  if (const std::optional<int> code = flags.Parse(arguments)) return *code;

  const absl::StatusOr<Client> client = server.Connect();
  if (!client.ok()) return Fail(client.status());
  const auto models = client->ListModels();
  if (!models.ok()) return Fail(models.status());
  if (json) {
    absl::PrintF("%s\n", ToJson(*models));
    return kExitOk;
  }
  absl::PrintF("%-24s %-8s %s\n", "MODEL", "VERSION", "STATE");
  for (const auto& model : models->models()) {
    absl::PrintF("%-24s %-8s %s%s\n", Printable(model.name()), Printable(model.version()), Printable(model.state()),
                 model.whole_sequence_reason().empty() ? "" : ", whole sequences only");
  }
  return kExitOk;
}

}  // namespace recurd
