#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/recurctl/command.h"
#include "client/recurctl/percentiles.h"
#include "server/base/clock.h"

namespace recurd {

// What stream and infer say at their end, on stderr.
struct Summary {
  SteadyClock clock;
  const int64_t start_ns = clock.NowNs();
  Latencies round_trip;
  uint64_t steps = 0;
  uint64_t sequences = 0;

  void Print(const std::string& more = "") const {
    absl::FPrintF(stderr, "%d steps, %d sequences in %s; round trip p50 %s, p99 %s, max %s%s\n", steps, sequences,
                  Duration(static_cast<double>(clock.NowNs() - start_ns)), At(0.5), At(0.99),
                  Duration(static_cast<double>(round_trip.max_ns())), more);
  }

 private:
  std::string At(double fraction) const { return Duration(static_cast<double>(round_trip.Percentile(fraction))); }
};

}  // namespace recurd
