#include <array>
#include <cstdio>

#include "absl/strings/str_format.h"
#include "client/recurctl/command.h"

namespace recurd {
namespace {

constexpr std::array<const char*, 3> kHealthNames = {"UNKNOWN", "SERVING", "NOT_SERVING"};

}  // namespace

int RunHealth(const std::vector<std::string>& arguments) {
  FlagSet flags("health [SERVICE] [flags]",
                "Asks how a daemon, one of its models or one of its gRPC services is. Exit code 0 only if SERVING.");
  ServerFlags server;
  std::string service;
  bool json = false;
  flags.AddPositional("SERVICE", &service, false, "A model's name or a gRPC service's. Without it: the whole daemon.");
  server.AddTo(&flags);
  flags.Add("json", &json, "Print {\"status\": ...}.");
  if (const std::optional<int> code = flags.Parse(arguments)) return *code;

  const absl::StatusOr<Client> client = server.Connect();
  if (!client.ok()) return Fail(client.status());
  const absl::StatusOr<Health> health = client->CheckHealth(service);
  if (!health.ok()) return Fail(health.status());
  const char* name = kHealthNames[static_cast<size_t>(*health)];
  if (json) {
    absl::PrintF("{\"status\":\"%s\"}\n", name);
  } else {
    absl::PrintF("%s\n", name);
  }
  return *health == Health::kServing ? kExitOk : kExitFailed;
}

}  // namespace recurd
