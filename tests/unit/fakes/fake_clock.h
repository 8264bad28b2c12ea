#pragma once

#include "server/base/clock.h"

namespace recurd {

// Stands still until it is moved.
class FakeClock final : public Clock {
 public:
  int64_t NowNs() const override { return now_ns; }
  int64_t now_ns = 1'000'000'000;
};

}  // namespace recurd
