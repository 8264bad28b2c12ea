#include "hw/emu/plain_colwise.h"

#include <algorithm>
#include <cmath>

#include "hw/emu/plain_tables.h"

namespace recurd {
namespace emu {
namespace {

float Dot(const float* v, const float* w, int count) {
  float sum = 0;
  for (int from = 0; from < count; from += hw::kLanes) {
    float part = 0;
    for (int i = from; i < std::min(from + hw::kLanes, count); ++i) part = std::fma(v[i], w[i], part);
    sum = from == 0 ? part : sum + part;
  }
  return sum;
}

}  // namespace

PlainColwise::PlainColwise(const GruWeights& weights, bool reset_before)
    : weights_(weights),
      reset_before_(reset_before),
      sigmoid_(SigmoidTable()),
      tanh_(TanhTable()),
      reset_state_(weights.hidden_size) {
  for (std::vector<float>& gate : gates_) gate.resize(weights.hidden_size);
}

float PlainColwise::Activate(int gate, float value) const {
  if (gate == hw::kGateNew) return tanh_[TableEntry(value, hw::kTanhRange)];
  return sigmoid_[TableEntry(value, hw::kSigmoidRange)];
}

void PlainColwise::Step(const float* x, float* h) const {
  const int size = weights_.hidden_size;
  std::copy_n(h, size, reset_state_.data());
  for (int gate = 0; gate < hw::kGates; ++gate) {
    const bool candidate = gate == hw::kGateNew;
    const std::vector<float>& r = gates_[hw::kGateReset];
    if (candidate && reset_before_) {
      for (int i = 0; i < size; ++i) reset_state_[i] = h[i] * r[i];
    }
    for (int row = 0; row < size; ++row) {
      const float input = Dot(x, weights_.InputRow(gate, row), weights_.input_size);
      float recurrent = Dot(reset_state_.data(), weights_.RecurrentRow(gate, row), size);
      if (candidate && !reset_before_) recurrent = (recurrent + weights_.recurrent_bias[row]) * r[row];
      gates_[gate][row] = Activate(gate, (weights_.bias[gate * size + row] + input) + recurrent);
    }
  }
  for (int i = 0; i < size; ++i) {
    const float n = gates_[hw::kGateNew][i];
    h[i] = std::fma(h[i] - n, gates_[hw::kGateUpdate][i], n);
  }
}

}  // namespace emu
}  // namespace recurd
