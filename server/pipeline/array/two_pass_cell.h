#pragma once

#include <cstddef>
#include <vector>

#include "absl/types/span.h"
#include "hw/emu/placement.h"
#include "server/pipeline/recurrent_cell.h"

namespace recurd::array {

// A layer that an array computes, which takes all steps of a run at once. So a program goes through it twice: Collect,
// then a Step for each input row; the array computes states() from state() and rows(); Replay, then a Step for each.
// Rows are the array's: padded with zeros.   Allocates: beyond the steps reserved.
class TwoPassCell final : public RecurrentCell {
 public:
  // `array` hosts the layer.
  TwoPassCell(const emu::LayerShape& layer, const emu::LayerShape& array, int reserved_steps);

  void Step(const float* x) override;
  float* h() override { return state_.data(); }
  float* c() override { return state_.size() > hidden_ ? state_.data() + hidden_ : nullptr; }

  void Collect();
  // Since Collect.   Shapes: rows [steps][input words], state [state words], states [steps][state words].
  int steps() const { return static_cast<int>(rows_.size() / padded_input_); }
  const std::vector<float>& rows() const { return rows_; }
  // h, and c, as they are now.
  const float* state();
  // Room for what the array makes of them.
  float* states();
  void Replay();

 private:
  const size_t input_size_, padded_input_, hidden_, padded_hidden_;
  std::vector<float> state_;  // [hidden], of an LSTM [2 * hidden]
  std::vector<float> row_;    // the same, each part padded
  std::vector<float> rows_;
  std::vector<float> states_;
  bool collecting_ = true;
  size_t next_ = 0;  // of states_
};

}  // namespace recurd::array
