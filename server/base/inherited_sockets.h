#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace recurd {

// A listening socket that somebody else opened for this process, who keeps it open while this process restarts: clients
// that connect meanwhile wait, and none is refused.
struct InheritedSocket {
  int fd = -1;          // -1: none
  std::string address;  // what it is bound to, as a flag would say it: HOST:PORT, [V6]:PORT or unix:PATH
};

struct InheritedSockets {
  InheritedSocket grpc;     // stands for --listen
  InheritedSocket metrics;  // stands for --metrics_listen; TCP
  InheritedSocket admin;    // stands for --admin_listen; unix:PATH
};

struct NamedDescriptor {
  int fd;
  std::string name;
};

// Who is who, by the names "grpc", "metrics" and "admin", each at most once. The sockets become non-blocking.
// Errors: INVALID_ARGUMENT naming the socket that has another name, or one that is taken, or isn't what its name stands
// for.
absl::StatusOr<InheritedSockets> SortInheritedSockets(const std::vector<NamedDescriptor>& given);

}  // namespace recurd
