#pragma once

#include <optional>

namespace recurd {

// What Prometheus's client libraries tell of their process, under the standard names process_*. A value that /proc
// doesn't give is absent.
struct ProcessStats {
  double cpu_seconds = 0;
  std::optional<double> start_time_seconds;  // since 1970, by the kernel's idea of now
  std::optional<double> resident_bytes;
  std::optional<double> virtual_bytes;
  std::optional<double> open_fds;
  std::optional<double> max_fds;
};

// Threads: any.
ProcessStats ReadProcessStats();

}  // namespace recurd
