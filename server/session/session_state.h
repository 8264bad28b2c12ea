#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "server/model/model.h"

namespace recurd {

// One client's state between steps. A run reads one buffer and writes another, so that a run which fails or is tried
// again finds its input as it was; Commit swaps them. A third keeps the state from before a chunk of several runs.
// Threads: serving thread only. Allocates: in the constructor and in TakeRoom only.
class SessionState {
 public:
  explicit SessionState(const Model& model) : values_(model.initial_state) { TakeRoom(); }

  uint64_t next_step() const { return next_step_; }
  // What the next chunk must name: after the end of a sequence 0, and only a beginning may follow.
  uint64_t expected_step() const { return in_sequence_ ? next_step_ : 0; }
  // False after a chunk with `end`: only `begin` may follow.
  bool in_sequence() const { return in_sequence_; }
  uint64_t state_key() const { return state_key_; }

  absl::Span<const float> values() const { return values_; }
  absl::Span<float> next_values() { return absl::MakeSpan(next_values_); }

  // Starts a sequence (or goes on with one) from `state` after `step` steps. `key` must be new.
  void Restart(absl::Span<const float> state, uint64_t step, uint64_t key) {
    values_.assign(state.begin(), state.end());
    next_step_ = step;
    state_key_ = key;
    in_sequence_ = true;
  }
  // Takes what a run of `steps` steps left in next_values. With the first run of a chunk the state so far becomes what
  // Rollback brings back.
  void Commit(int steps, uint64_t key, bool first_of_chunk = true) {
    values_.swap(next_values_);
    if (first_of_chunk) {
      before_.swap(next_values_);
      before_step_ = next_step_;
    }
    next_step_ += static_cast<uint64_t>(steps);
    state_key_ = key;
  }
  // The state from before the chunk whose runs were the last to be committed. `key` must be new.
  void Rollback(uint64_t key) {
    values_ = before_;
    next_step_ = before_step_;
    state_key_ = key;
  }
  void EndSequence() { in_sequence_ = false; }

  // The state that Rollback would bring back, while a chunk has begun and isn't done.
  absl::Span<const float> before() const { return before_; }
  uint64_t before_step() const { return before_step_; }

  // While no chunk will come the session can do with its state alone; TakeRoom makes it ready for runs again.
  void GiveRoom() {
    next_values_ = std::vector<float>();  // not {}, which would keep the memory
    before_ = std::vector<float>();
  }
  void TakeRoom() {
    next_values_.resize(values_.size());
    before_.resize(values_.size());
  }

 private:
  std::vector<float> values_, next_values_, before_;
  uint64_t next_step_ = 0;
  uint64_t before_step_ = 0;
  uint64_t state_key_ = 0;
  bool in_sequence_ = true;
};

}  // namespace recurd
