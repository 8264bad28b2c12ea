// Prints "port N" to standard error and echoes until it is killed.
#include <cstdio>

#include "absl/synchronization/mutex.h"
#include "tests/bench/rpc/echo_server.h"

int main() {
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);  // as the daemon does: like with like
  recurd::bench::EchoServer server;
  std::fprintf(stderr, "port %d\n", server.port());
  server.Run();
}
