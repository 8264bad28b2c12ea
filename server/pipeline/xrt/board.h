#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hw/emu/gru_weights.h"
#include "server/base/clock.h"
#include "server/pipeline/xrt/device.h"
#include "server/pipeline/xrt/driver.h"
#include "server/pipeline/xrt/identity.h"
#include "server/pipeline/xrt/job.h"

namespace recurd::board {

// Off the clock, hand-over and check of the records included: medians of a few jobs. They don't depend on data.
struct BoardTimes {
  double first_ns = 0;   // a job of one step
  double steady_ns = 0;  // each step more
  double switch_ns = 0;  // what a SWITCH adds
  double reload_ns = 0;  // a RELOAD alone

  double JobNs(int steps, bool state_hit, bool reload) const {
    return (reload ? reload_ns : 0) + (state_hit ? 0 : switch_ns) + first_ns + (steps - 1) * steady_ns;
  }
};

struct BoardOptions {
  DriverLimits limits;
  std::optional<Caching> caching;  // of the rings; unset: measured
};

// A board that runs: identified, cleaned, its graph started once, then only jobs.
// Start: identity, the array's program anew if somebody has used the board before, graph, weights, movers, a RELOAD to
// see that all of them work.   Threads: one at a time.
class Board {
 public:
  static constexpr int kMaxJobSteps = 512;  // fewer if a ring doesn't hold them

  // Errors: as Identify; UNAVAILABLE naming what the board doesn't do, or the library's own words.
  static absl::StatusOr<std::unique_ptr<Board>> Make(std::unique_ptr<Device> device, const Clock& clock,
                                                     const BoardOptions& options);

  Device& device() { return *device_; }
  const Device& device() const { return *device_; }
  const Identity& identity() const { return identity_; }
  const emu::Placement& placement() const { return *identity_.placement; }
  RowWords row_words() const;
  int job_steps() const { return job_steps_; }
  Driver& driver() { return *driver_; }
  const BoardTimes& times() const { return times_; }

  // One for each weight set, padded for the placement. Kernels see them after a RELOAD, which the next job begins with.
  // Errors: UNAVAILABLE; some of them are written then, and some not.
  absl::Status WriteWeights(const std::vector<emu::GruWeights>& sets);

  // A job of zeros, and what it takes: medians of a few. `board_ns` is from its doorbell to its DONE.
  struct Trial {
    bool reload = false;
    bool switched = false;
    int steps = 0;
  };
  struct TrialTimes {
    double all_ns = 0, board_ns = 0;
  };
  // Errors: UNAVAILABLE naming the fault.
  absl::StatusOr<TrialTimes> Time(const Trial& trial);

  // Everything again, from the array's program on.
  absl::Status Repair(const std::vector<emu::GruWeights>& sets);

 private:
  Board(std::unique_ptr<Device> device, const Clock& clock) : device_(std::move(device)), clock_(clock) {}

  // Whether jobs have been handed over since the PL was configured.
  absl::StatusOr<bool> WasUsed();
  absl::Status BringUp(const std::vector<emu::GruWeights>& sets);
  absl::Status MakeDriver(const BoardOptions& options);
  absl::Status WriteParameters(const std::vector<emu::GruSystem::Parameter>& parameters, bool once);

  // Hands a job of zeros over and waits for it.   Errors: UNAVAILABLE naming the fault.
  absl::Status Try(const Trial& trial);
  absl::Status Measure();
  absl::Status MeasureWindow();

  const std::unique_ptr<Device> device_;
  const Clock& clock_;
  Identity identity_;
  std::unique_ptr<emu::GruSystem> layout_;  // knows the parameters' names; never runs
  std::unique_ptr<Driver> driver_;
  int job_steps_ = 0;
  BoardTimes times_;
};

}  // namespace recurd::board
