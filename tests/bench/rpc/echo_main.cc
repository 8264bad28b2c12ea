// Prints "port N" to standard error and echoes until it is killed.
#include <cstdio>

#include "tests/bench/rpc/echo_server.h"

int main() {
  recurd::bench::EchoServer server;
  std::fprintf(stderr, "port %d\n", server.port());
  server.Run();
}
