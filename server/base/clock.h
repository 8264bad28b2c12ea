#pragma once

#include <chrono>
#include <cstdint>

namespace recurd {

// A source of monotonic time. Latency and time-outs never use wall time: a board may boot in 1970.
// Threads: any.
class Clock {
 public:
  virtual ~Clock() = default;
  // Nanoseconds since an arbitrary start; never decreases.
  virtual int64_t NowNs() const = 0;
};

class SteadyClock final : public Clock {
 public:
  int64_t NowNs() const override {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }
};

}  // namespace recurd
