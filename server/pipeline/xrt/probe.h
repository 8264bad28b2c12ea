#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "hw/config/timing.h"
#include "server/base/clock.h"
#include "server/pipeline/xrt/device.h"

namespace recurd::board {

// What a board's parts cost, off the clock, in nanoseconds; but for `modelled`, nothing is modelled.
struct ProbeReport {
  std::string name, design;
  double read_ns = 0, write_ns = 0;  // of a register
  // A job's words into the input ring, a record out of the result ring: of either kind of memory.
  struct RingCost {
    double put_ns = 0, get_ns = 0;
  };
  RingCost uncached, cacheable;
  size_t put_words = 0, get_words = 0;
  bool uses_cacheable = false;
  size_t window_words = 0;                            // jobs of so many go through registers
  double doorbell_ns = 0;                             // of a job of one step: from the doorbell to DONE
  double first_ns = 0, switch_ns = 0, reload_ns = 0;  // BoardTimes
  double steady_ns = 0;           // between two steps in the PL: DONE of a long job and of a short one
  double modelled_steady_ns = 0;  // with the built-in constants
  // AIE cycles of each crossing between array and PL with which the model's steady step is the measured one. Only their
  // sum shows in a step. None: the model has no such number, so something else takes the time.
  std::optional<hw::Cycles> crossing;
};

// Starts the board as the daemon does, and measures it.   Errors: as Board::Make.
absl::StatusOr<ProbeReport> Probe(std::unique_ptr<Device> device, const Clock& clock);

// The constants that the report knows, as --timing_file reads them (hw/config/timing.h): `name = cycles` lines, and all
// else as comments. `when`: for the first line.
std::string TimingFile(const ProbeReport& report, const std::string& when);

}  // namespace recurd::board
