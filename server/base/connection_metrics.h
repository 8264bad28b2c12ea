#pragma once

#include <array>

#include "server/base/counters.h"

namespace recurd {

// Why a connection was closed as soon as it came. kConnectionRefusalNames are the label's values.
enum class ConnectionRefusal { kLimit, kRate };
inline constexpr std::array<const char*, 2> kConnectionRefusalNames = {"limit", "rate"};

// Counts of the connections over TCP. Written by the thread that accepts them, read by any.
struct ConnectionMetrics {
  Gauge open;  // up to a second late
  std::array<Counter, kConnectionRefusalNames.size()> refused;
};

}  // namespace recurd
