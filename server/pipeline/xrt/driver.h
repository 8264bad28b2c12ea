#pragma once

#include <cstdint>
#include <vector>

#include "hw/config/contract.h"
#include "server/base/clock.h"
#include "server/pipeline/pipeline.h"
#include "server/pipeline/xrt/device.h"
#include "server/pipeline/xrt/job.h"
#include "server/pipeline/xrt/rings.h"

namespace recurd::board {

struct DriverLimits {
  int64_t hang_ns = 250'000'000;   // over and above ten times what a job is expected to take; of time that is polled
  int64_t abort_ns = 250'000'000;  // the same for the PL to be empty again: the array finishes what it has got
  int64_t slice_ns = 20'000;       // a Poll looks at the board that long at most
  // A job of so many words goes through registers, a longer one through the ring.
  size_t window_words = hw::kWindowBytes / sizeof(uint32_t);
};

// The processor's side of the contract: hands jobs over, waits for them, and believes no record that isn't whole, due
// and of now. What goes wrong is aborted here, in bounded time.
// A job passes: words, Release, registers, SUBMIT | PL | DONE, Acquire, records.
// Threads: one at a time. Allocates, locks, system calls: in the constructor and Attach only (the library's own lock of
// a register access is never contended).
class Driver {
 public:
  enum class State { kIdle, kRunning, kDone, kFailed, kLost };

  Driver(Device& device, Rings rings, const Clock& clock, DriverLimits limits);

  // Takes the board's counters as they stand. False if they can't be read.
  bool Attach();

  Rings& rings() { return rings_; }
  size_t window_words() const { return limits_.window_words; }
  void set_window_words(size_t words) { limits_.window_words = words; }

  // For the commands of the next job: numbers that no job before it had.
  uint32_t NewSequence() { return sequence_ += Job::kMaxCommands; }

  // Precondition: no job is in flight, the last one wasn't kLost. The job stays as it is until Poll says it is over.
  // due_ns: before that the board isn't asked. expected_ns: ten times that, and more, and it hangs.
  void Submit(const Job& job, int64_t due_ns, int64_t expected_ns);
  // kRunning: poll again. kDone: `rows` has the states of the job's RUN, [steps][state words]. kFailed: it was aborted,
  // the next one may come. kLost: it was, and the PL never said that it is empty.
  State Poll(float* rows);
  // Of the last job that was done: from its doorbell until DONE was seen.
  int64_t board_ns() const { return board_ns_; }
  // Why, once Poll has said kFailed or kLost.
  Fault fault() const { return fault_; }

 private:
  static constexpr uint32_t kUnset = ~0u;

  bool Put(const Job& job);
  // Writes a register that keeps its value from job to job, unless it has it.
  bool Set(uint32_t offset, uint32_t value, uint32_t* written);
  State PollJob(float* rows);
  State PollAbort();
  // Whether the deadline has passed. Time in which nobody looked at the board doesn't count.
  bool TooLate(int64_t now_ns);
  State Abort(Fault fault);
  // Of all records of the job; copies the wanted ones.
  Fault Judge(float* rows);

  Device& device_;
  Rings rings_;
  const Clock& clock_;
  DriverLimits limits_;
  std::vector<uint32_t> records_;  // out of the ring, which is slow to read

  const Job* job_ = nullptr;
  State state_ = State::kIdle;
  bool aborting_ = false;
  Fault fault_ = Fault::kNone;
  uint32_t sequence_ = 0;
  uint32_t submitted_ = 0, aborted_ = 0, generation_ = 0;
  uint32_t result_beat_ = 0;
  uint32_t input_offset_ = kUnset, input_beats_ = kUnset;  // as written last
  int64_t doorbell_ns_ = 0, due_ns_ = 0, deadline_ns_ = 0, looked_ns_ = 0, patience_ns_ = 0;
  int64_t board_ns_ = 0;
};

}  // namespace recurd::board
