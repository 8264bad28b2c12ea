#include <unistd.h>

#include <cstdlib>
#include <string>

#include "absl/status/status.h"
#include "server/base/systemd.h"

namespace recurd::systemd {

absl::StatusOr<InheritedSockets> TakeSockets() {
  const char* pid = std::getenv("LISTEN_PID");
  if (pid == nullptr || pid != std::to_string(getpid())) return InheritedSockets();
  return absl::FailedPreconditionError(
      "systemd passed sockets, and this recurd was built without libsystemd: stop its socket units, or build it with "
      "-DRECURD_SYSTEMD=ON");
}

int64_t WatchdogNs() { return 0; }
void Ready(const std::string&) {}
void Reloading() {}
void Stopping(const std::string&) {}
void KeepAlive() {}

}  // namespace recurd::systemd
