#pragma once

#include <memory>
#include <vector>

#include "hw/emu/commands.h"
#include "hw/emu/placement.h"
#include "server/pipeline/recurrent_cell.h"

namespace recurd::sim {

// A layer on an emulated array of its own. The array takes all steps of a run at once, so a program goes through it
// twice: Collect, then a Step for each input row; Run; Replay, then a Step for each state.
// Threads: the array's fibers stay with the thread of the first Run.
class EmulatedCell final : public RecurrentCell {
 public:
  // Errors: INTERNAL if the placement's graph isn't whole.
  static absl::StatusOr<std::unique_ptr<EmulatedCell>> Make(const emu::Placement& placement,
                                                            const emu::GruWeights& layer, const hw::Timing& timing);

  void Step(const float* x) override;
  float* h() override { return state_.data(); }
  float* c() override { return state_.size() > hidden_ ? state_.data() + hidden_ : nullptr; }

  void Collect();
  // Computes the rows collected, from the state in the slot: after a hit the one it holds, else h and c.
  // Errors: INTERNAL if the array stands still.
  absl::Status Run(int slot, bool hit);
  void Replay();

 private:
  EmulatedCell(const emu::Placement& placement, const emu::GruWeights& layer, std::unique_ptr<emu::GruSystem> system);

  const std::unique_ptr<emu::GruSystem> system_;
  const int input_size_, padded_input_;
  const size_t hidden_, padded_hidden_;
  std::vector<float> state_;   // [hidden], of an LSTM [2 * hidden]
  std::vector<float> rows_;    // inputs, padded
  std::vector<float> row_;     // a state, as it was or is to be in the array: each part padded
  std::vector<float> states_;  // the same, of all steps
  emu::CommandWriter writer_;
  bool collecting_ = true;
  size_t next_ = 0;  // of states_
};

}  // namespace recurd::sim
