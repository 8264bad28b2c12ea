#pragma once

#include <array>
#include <cstdint>

#include "server/pipeline/pipeline.h"

namespace recurd {

// The rungs of the ladder that a failing pipeline climbs: the run is tried again; the pipeline is repaired; the process
// ends, for a new one to begin anew. kRungNames are the values of recurd_pipeline_recoveries_total's label.
enum class Rung { kRetry, kReload, kExit };
inline constexpr std::array<const char*, 3> kRungNames = {"retry", "reload", "exit"};

// Decides what follows from a failed run, for its session and for the pipeline. No clock, no threads, no effects: the
// engine acts on what it says (outage.cc).
//
//   up    a run fails                    -> up, the same run once more (retry)
//         it fails again, or was lost    -> down (reload): nothing is started; the run waits
//   down  the repair has succeeded       -> up; the run that waits is started a last time
//         the repair has failed          -> lost (exit)
//   up    a repair is needed again, no run has succeeded since the last, and
//         another session's run failed   -> lost (exit): it isn't the run's fault
//
// A run that fails a third time, after the repair, ends its session; so does the second of two chunks in a row that
// failed at all. Only runs of the pipeline itself count, not those of its fallback.
class Recovery {
 public:
  enum class State { kUp, kDown, kLost };
  // Which try of the run it was.
  enum class Try { kFirst, kSecond, kAfterRepair };
  // What becomes of the session whose run has failed.
  enum class Next {
    kRetry,  // start the run again
    kWait,   // start it again once the pipeline is up
    kFail,   // end the session
  };
  struct Failure {
    uint64_t session = 0;  // names it; never 0
    Try attempt = Try::kFirst;
    bool lost = false;      // RunResult::Outcome::kLost
    bool poisoned = false;  // the session's previous chunk had failed as well
  };

  State state() const { return state_; }
  bool up() const { return state_ == State::kUp; }

  // Precondition: up. Afterwards state() says what becomes of the pipeline.
  Next OnFailure(const Failure& failure);
  void OnSuccess() { fruitless_ = false; }
  // Precondition: down.
  void OnRepaired(bool repaired);
  // There is nobody who could repair.
  void GiveUp() { state_ = State::kLost; }

 private:
  State state_ = State::kUp;
  bool fruitless_ = false;  // repaired, and no run has succeeded since
  uint64_t suspect_ = 0;    // the session whose run led to the last repair
};

// What the engine tells of its recovery, each rung once: on the serving thread, off the success path.
struct RecoveryEvent {
  enum class Kind {
    kFaults,  // runs failed, the pipeline stays up; at most one a second, which sums up
    kDown,    // a repair is wanted: Engine::OnRepaired must follow
    kUp,      // repaired
    kLost,    // every session has been ended; the process must end
  };
  Kind kind = Kind::kFaults;
  Fault fault = Fault::kNone;  // the last one
  uint64_t retries = 0;  // with kFaults: runs started again, and sessions ended as failed, since the last of these
  uint64_t sessions_failed = 0;
  bool fallback = false;  // there is one, which serves meanwhile
};

}  // namespace recurd
