#include "server/base/systemd.h"

#include <systemd/sd-daemon.h>

#include <cstdlib>
#include <ctime>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace recurd::systemd {
namespace {

void Notify(const std::string& state) { sd_notify(0, state.c_str()); }

std::string Field(const std::string& status) { return status.empty() ? "" : absl::StrCat("\nSTATUS=", status); }

int64_t MonotonicUs() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * int64_t{1'000'000} + now.tv_nsec / 1000;
}

}  // namespace

absl::StatusOr<InheritedSockets> TakeSockets() {
  char** names = nullptr;
  const int count = sd_listen_fds_with_names(1, &names);
  if (count < 0) return absl::InvalidArgumentError("LISTEN_FDS and LISTEN_FDNAMES of the environment make no sense");
  std::vector<NamedDescriptor> given;
  for (int i = 0; i < count; ++i) {
    given.push_back({SD_LISTEN_FDS_START + i, names[i]});
    free(names[i]);
  }
  free(names);
  return SortInheritedSockets(given);
}

int64_t WatchdogNs() {
  uint64_t us = 0;
  return sd_watchdog_enabled(0, &us) > 0 ? static_cast<int64_t>(us) * 1000 : 0;
}

void Ready(const std::string& status) { Notify(absl::StrCat("READY=1", Field(status))); }
void Reloading() { Notify(absl::StrCat("RELOADING=1\nMONOTONIC_USEC=", MonotonicUs())); }
void Stopping(const std::string& status) { Notify(absl::StrCat("STOPPING=1", Field(status))); }
void KeepAlive() { Notify("WATCHDOG=1"); }

}  // namespace recurd::systemd
