#ifndef RECURD_HW_EMU_ENGINE_H_
#define RECURD_HW_EMU_ENGINE_H_

#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "hw/emu/process.h"

namespace recurd {
namespace emu {

// Several packet streams into one, a packet at a time: the earliest arrival first, then round robin.
struct Merge {
  std::string name;
  std::vector<InPort> inputs;
  OutPort output;
  size_t next = 0;  // whose turn it is when two arrive at once
};

// Random delays in front of stream transfers: whatever a run yields may not depend on them. 0: none.
struct Disturbance {
  uint64_t seed = 0;
  int one_in = 0;  // one transfer in so many is delayed
  int most_cycles = 0;
};

// Runs processes that meet in time-stamped bounded FIFOs. A process runs ahead in its own time until it blocks, so
// there is no event queue. Only merges look at the clock of others: they fire when nothing else can run, in the order
// of time, and no further ahead than an answer to the first of them could arrive. Hence times and order are exact and
// the same in every run. A process that must see what others have done by then (AwaitNow) goes on when nothing else can
// run, the one with the earliest clock first.
class Engine {
 public:
  explicit Engine(const hw::Timing& timing, Disturbance disturbance = {});
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  Process* AddProcess(std::string name, std::function<void()> body);
  // A channel gets its receivers before the first Run.
  Channel* AddChannel(std::string name, std::string writer);
  // `process` null: a merge, then the only receiver. Capacity in words.
  InPort AddReader(Channel* channel, Process* process, Cycles latency, int capacity);
  void AddMerge(Merge merge);

  // Runs until Stop() or until nothing can run any more; true: stopped.
  bool Run();
  // Ends Run when the calling process blocks next.
  void Stop() { stopped_ = true; }
  // From the first call on, processes that ask for it go no further than the host's time.
  void Advance(Cycles now) { now_ = now; }
  Cycles now() const { return now_; }

  // Who waits for whom, one line each; "" if nobody waits.
  std::string Waiting() const;

  const hw::Timing& timing() const { return timing_; }
  int process_count() const { return static_cast<int>(processes_.size()); }
  int64_t switches() const { return switches_; }

  // For the transfer functions of process.h.
  void Wake(Process* process);
  void Block(Process* self, const Channel* channel, bool reading);
  void AwaitTurn(Process* self);
  bool disturbed() const { return disturbance_.one_in > 0; }
  Cycles Delay();

 private:
  struct Candidate {
    int input = -1;
    Cycles time = 0;
  };
  Candidate Next(const Merge& merge) const;
  void Forward(Merge* merge, Candidate candidate);
  bool FireMerges();
  bool TakeTurn();

  hw::Timing timing_;
  Disturbance disturbance_;
  uint64_t random_;
  std::vector<std::unique_ptr<Process>> processes_;
  std::vector<std::unique_ptr<Channel>> channels_;
  std::deque<Merge> merges_;
  std::vector<std::pair<Merge*, Candidate>> ready_;
  std::vector<Process*> runnable_, next_runnable_;
  std::vector<Process*> turns_;  // who waits in AwaitTurn
  Cycles now_ = std::numeric_limits<Cycles>::max();
  bool stopped_ = false;
  int64_t switches_ = 0;
};

}  // namespace emu
}  // namespace recurd

#endif  // RECURD_HW_EMU_ENGINE_H_
