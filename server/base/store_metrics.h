#pragma once

#include <array>

#include "server/base/counters.h"

namespace recurd {

// What came of a look for a sequence in the store. kRestoreNames are the label's values.
enum class Restore { kRestored, kAbsent, kUnfit, kUnavailable };
inline constexpr std::array<const char*, 4> kRestoreNames = {"restored", "absent", "unfit", "unavailable"};

// Counts of the store of sequences. Each is written by one thread, and read by any.
struct StoreMetrics {
  // By the serving thread.
  Counter full;  // checkpoints that the queue had no room for; tried again later
  std::array<Counter, kRestoreNames.size()> restores;
  Counter handed_over;  // sequences that another replica has asked for
  // By the store's.
  Gauge up;
  Gauge queued_bytes;
  Counter writes;
  Counter lost;  // checkpoints given up because the store couldn't be reached
  Counter fenced;
  Counter errors;
};

}  // namespace recurd
