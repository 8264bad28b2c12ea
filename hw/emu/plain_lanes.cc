#include "hw/emu/plain_lanes.h"

#include <algorithm>
#include <cmath>

#include "hw/emu/lanes_weights.h"
#include "hw/emu/plain_tables.h"

namespace recurd {
namespace emu {
namespace {

float Product(const float* row, const float* x, int count) {
  float sums[2] = {0, 0};
  for (int i = 0; i < count; ++i) sums[i % 2] = std::fma(row[i], x[i], sums[i % 2]);
  return sums[0] + sums[1];
}

float Entry(const std::vector<float>& table, float position) {
  if (!(position > 0)) return table.front();
  return position < hw::kLutWords - 1 ? table[static_cast<size_t>(position)] : table.back();
}

}  // namespace

PlainLanes::PlainLanes(const GruWeights& weights, hw::LaneCell cell)
    : hidden_(weights.hidden_size),
      input_(weights.input_size),
      cell_(cell),
      sigmoid_(SigmoidTable()),
      tanh_(TanhTable()),
      next_(hidden_),
      reset_(hidden_),
      taken_(hidden_) {
  const LanesWeights scaled(weights, cell, hw::LaneNumerics::kLut);
  for (int gate = 0; gate < hw::LaneGates(cell); ++gate) {
    for (int row = 0; row < hidden_; ++row) {
      for (int i = 0; i < input_; ++i) w_.push_back(scaled.Input(gate, row, i));
      for (int i = 0; i < hidden_; ++i) u_.push_back(scaled.Recurrent(gate, row, i));
      b_.push_back(scaled.Bias(gate, row));
      bu_.push_back(scaled.RecurrentBias(gate, row));
    }
  }
}

float PlainLanes::Sum(int gate, int row, const float* x, const float* h, bool apart, float r) const {
  const size_t at = gate * hidden_ + row;
  const float input = Product(&w_[at * input_], x, input_) + b_[at];
  const float state = Product(&u_[at * hidden_], h, hidden_);
  if (!apart) return input + state;
  const float product = r * (state + bu_[at]);
  return product + input;
}

void PlainLanes::StepGru(const float* x, float* h) const {
  std::copy_n(h, hidden_, taken_.data());
  const bool after = cell_ == hw::LaneCell::kGruAfter;
  for (int row = 0; row < hidden_; ++row) {
    reset_[row] = Entry(sigmoid_, Sum(0, row, x, h, false, 0));
    if (!after) taken_[row] = reset_[row] * h[row];
  }
  for (int row = 0; row < hidden_; ++row) {
    const float z = Entry(sigmoid_, Sum(1, row, x, h, false, 0));
    const float n = Entry(tanh_, Sum(2, row, x, taken_.data(), after, reset_[row]));
    const float kept = z * h[row], fresh = (1.0f - z) * n;
    next_[row] = fresh + kept;
  }
  std::copy(next_.begin(), next_.end(), h);
}

void PlainLanes::StepLstm(const float* x, float* h, float* c) const {
  for (int row = 0; row < hidden_; ++row) {
    const float i = Entry(sigmoid_, Sum(0, row, x, h, false, 0)), f = Entry(sigmoid_, Sum(1, row, x, h, false, 0));
    const float o = Entry(sigmoid_, Sum(2, row, x, h, false, 0)), g = Entry(tanh_, Sum(3, row, x, h, false, 0));
    const float fresh = i * g, kept = f * c[row];
    c[row] = kept + fresh;
    const float scaled = c[row] * hw::LutScale(hw::kTanhRange);
    next_[row] = o * Entry(tanh_, scaled + hw::kLutMiddle);
  }
  std::copy(next_.begin(), next_.end(), h);
}

void PlainLanes::Step(const float* x, float* state) const {
  if (cell_ == hw::LaneCell::kLstm) return StepLstm(x, state, state + hidden_);
  StepGru(x, state);
}

}  // namespace emu
}  // namespace recurd
