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

// What the server's timing model says of messages, on a line of its own because all else is measured; "" if it says
// nothing.
inline std::string ModelledLine(const Latencies& modelled) {
  if (modelled.count() == 0) return "";
  const auto at = [](int64_t ns) { return Duration(static_cast<double>(ns)); };
  return absl::StrCat("modelled on the array, a message: p50 ", at(modelled.Percentile(0.5)), ", p99 ",
                      at(modelled.Percentile(0.99)), ", max ", at(modelled.max_ns()), "\n");
}

// What stream and infer say at their end, on stderr.
struct Summary {
  SteadyClock clock;
  const int64_t start_ns = clock.NowNs();
  Latencies round_trip;
  Latencies modelled;
  uint64_t steps = 0;
  uint64_t sequences = 0;

  // 0: the server has no timing model.
  void RecordModelled(uint64_t ns) {
    if (ns > 0) modelled.Record(static_cast<int64_t>(ns));
  }

  void Print(const std::string& more = "") const {
    absl::FPrintF(stderr, "%d steps, %d sequences in %s; round trip p50 %s, p99 %s, max %s%s\n", steps, sequences,
                  Duration(static_cast<double>(clock.NowNs() - start_ns)), At(0.5), At(0.99),
                  Duration(static_cast<double>(round_trip.max_ns())), more);
    absl::FPrintF(stderr, "%s", ModelledLine(modelled));
  }

 private:
  std::string At(double fraction) const { return Duration(static_cast<double>(round_trip.Percentile(fraction))); }
};

}  // namespace recurd
