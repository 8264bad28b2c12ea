// A program of somebody else's that uses the installed library: without a daemon it is told so.
#include <recurd/client.h>

#include <iostream>

int main() {
  const auto client = recurd::Client::Connect("127.0.0.1:1", {.connect_timeout_ms = 0});
  std::cout << client.status().message() << "\n";
  return absl::IsUnavailable(client.status()) ? 0 : 1;
}
