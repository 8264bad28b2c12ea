#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "server/base/inherited_sockets.h"

namespace recurd::systemd {

// What a service of Type=notify and systemd say to each other. Where nobody asked to be told, nothing happens. Built
// with libsystemd, or without it (RECURD_SYSTEMD).
// Source: sd_notify(3), sd_watchdog_enabled(3), sd_listen_fds(3).

// The sockets of the service's socket units. Once, before there are other threads: it clears the environment they came
// by. Errors: those of SortInheritedSockets; FAILED_PRECONDITION where there are some and this was built without
// libsystemd.
absl::StatusOr<InheritedSockets> TakeSockets();

// How long systemd waits for a KeepAlive before it kills the process; 0: it doesn't.
int64_t WatchdogNs();

// Threads: any. Each is a datagram.
void Ready(const std::string& status);  // also: has reloaded
void Reloading();
void Stopping(const std::string& status);
void KeepAlive();

}  // namespace recurd::systemd
