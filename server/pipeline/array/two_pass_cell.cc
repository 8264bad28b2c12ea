#include "server/pipeline/array/two_pass_cell.h"

#include <algorithm>

namespace recurd::array {

TwoPassCell::TwoPassCell(const emu::LayerShape& layer, const emu::LayerShape& array, int reserved_steps)
    : input_size_(layer.input_size),
      padded_input_(array.input_size),
      hidden_(layer.hidden_size),
      padded_hidden_(hw::PaddedWords(array.hidden_size)),
      state_(hidden_ * (array.StateWords() / padded_hidden_)),
      row_(array.StateWords()) {
  rows_.reserve(reserved_steps * padded_input_);
  states_.reserve(reserved_steps * row_.size());
}

void TwoPassCell::Step(const float* x) {
  if (collecting_) {
    rows_.insert(rows_.end(), x, x + input_size_);
    rows_.resize(rows_.size() + padded_input_ - input_size_);
    return;
  }
  for (size_t part = 0; part * hidden_ < state_.size(); ++part) {
    std::copy_n(&states_[next_ + part * padded_hidden_], hidden_, &state_[part * hidden_]);
  }
  next_ += row_.size();
}

void TwoPassCell::Collect() {
  collecting_ = true;
  rows_.clear();
}

const float* TwoPassCell::state() {
  for (size_t part = 0; part * hidden_ < state_.size(); ++part) {
    std::copy_n(&state_[part * hidden_], hidden_, &row_[part * padded_hidden_]);
  }
  return row_.data();
}

float* TwoPassCell::states() {
  states_.resize(static_cast<size_t>(steps()) * row_.size());
  return states_.data();
}

void TwoPassCell::Replay() {
  collecting_ = false;
  next_ = 0;
}

}  // namespace recurd::array
