#pragma once

#include <algorithm>
#include <cstdint>

#include "server/base/counters.h"

namespace recurd {

// Latencies with their percentiles: exact maximum, percentiles to within the histogram's cells (3.2 %).
class Latencies {
 public:
  void Record(int64_t ns) {
    histogram_.Record(ns);
    max_ns_ = std::max(max_ns_, ns);
    ++count_;
  }

  // The smallest recorded value (to a cell) that at least `fraction` of all stay within. 0 when nothing was recorded.
  int64_t Percentile(double fraction) const {
    const double wanted = fraction * static_cast<double>(count_);
    uint64_t seen = 0;
    for (int cell = 0; cell < LatencyHistogram::kCellCount; ++cell) {
      seen += histogram_.cell(cell);
      if (seen > 0 && static_cast<double>(seen) >= wanted) {
        return std::min(static_cast<int64_t>(LatencyHistogram::CellUpperNs(cell)), max_ns_);
      }
    }
    return max_ns_;
  }

  int64_t max_ns() const { return max_ns_; }
  uint64_t count() const { return count_; }

 private:
  LatencyHistogram histogram_;
  int64_t max_ns_ = 0;
  uint64_t count_ = 0;
};

}  // namespace recurd
