#pragma once

#include <cstdint>
#include <deque>

namespace recurd {

// Numbers the chunks of a session and keeps account of those that wait for their answer.
// A refusal also refuses what was sent behind it, so only the first of them says which step comes next: chunks carry
// the round they were sent in, and a round ends with a refusal or a new sequence. Threads: the caller's lock.
class ChunkLedger {
 public:
  struct Entry {
    uint64_t first_step = 0;
    uint32_t steps = 0;
    bool begin = false;
    uint64_t round = 0;
    bool checkpoint = false;  // comes behind its answer
  };

  explicit ChunkLedger(uint64_t next_step) : next_step_(next_step) {}

  // Numbers a chunk. Begins a sequence where the caller says so, or where the last one ended.
  Entry Push(uint32_t steps, bool begin, bool end, bool checkpoint = false) {
    begin = begin || begin_next_;
    if (begin) ++round_;
    const Entry entry{begin ? 0 : next_step_, steps, begin, round_, checkpoint && !end};
    entries_.push_back(entry);
    begin_next_ = end;
    next_step_ = end ? 0 : entry.first_step + steps;
    return entry;
  }

  // Whether a checkpoint comes behind the answer to the oldest chunk.
  bool checkpoint_follows() const { return !entries_.empty() && entries_.front().checkpoint; }

  // The oldest chunk was applied. False if none was sent, or another answer was due.
  bool Applied(uint64_t first_step, uint32_t steps) {
    if (entries_.empty() || entries_.front().first_step != first_step || entries_.front().steps != steps) return false;
    entries_.pop_front();
    return true;
  }

  // The oldest chunk was refused. False if none was sent.
  bool Refused(uint64_t expected_step) {
    if (entries_.empty()) return false;
    const Entry entry = entries_.front();
    entries_.pop_front();
    if (entry.round != round_) return true;
    next_step_ = expected_step;
    begin_next_ = entry.begin;
    ++round_;
    return true;
  }

  int outstanding() const { return static_cast<int>(entries_.size()); }
  uint64_t next_step() const { return begin_next_ ? 0 : next_step_; }

 private:
  std::deque<Entry> entries_;
  uint64_t next_step_;
  bool begin_next_ = false;
  uint64_t round_ = 0;
};

}  // namespace recurd
