#include "hw/emu/plain_rowwise.h"

#include <algorithm>
#include <cmath>

#include "hw/emu/plain_tables.h"

namespace recurd {
namespace emu {
namespace {

float SumLanes(float* lanes) {
  for (int half = 4; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) lanes[i] += lanes[i + half];
  }
  return lanes[0];
}

float Dot(const float* a, const float* b, int count) {
  float lanes[8] = {};
  for (int i = 0; i < count; ++i) lanes[i % 8] = std::fma(a[i], b[i], lanes[i % 8]);
  return SumLanes(lanes);
}

}  // namespace

PlainRowwise::PlainRowwise(const GruWeights& weights, bool reset_before)
    : weights_(weights),
      reset_before_(reset_before),
      sigmoid_(SigmoidTable()),
      tanh_(TanhTable()),
      products_(weights.hidden_size) {
  for (std::vector<float>& gate : gates_) gate.resize(weights.hidden_size);
}

float PlainRowwise::Activate(int gate, float value) const {
  if (gate == hw::kGateNew) return tanh_[TableEntry(value, hw::kTanhRange)];
  return sigmoid_[TableEntry(value, hw::kSigmoidRange)];
}

float PlainRowwise::Candidate(int row, const float* h) const {
  const int size = weights_.hidden_size;
  const std::vector<float>& reset = gates_[hw::kGateReset];
  const float* u = weights_.RecurrentRow(hw::kGateNew, row);
  if (!reset_before_) return (Dot(h, u, size) + weights_.recurrent_bias[row]) * reset[row];
  for (int i = 0; i < size; ++i) products_[i] = h[i] * u[i];
  return Dot(reset.data(), products_.data(), size);
}

void PlainRowwise::Step(const float* x, float* h) const {
  const int size = weights_.hidden_size;
  for (int gate = 0; gate < hw::kGates; ++gate) {
    for (int row = 0; row < size; ++row) {
      const float input = Dot(x, weights_.InputRow(gate, row), weights_.input_size);
      const float recurrent = gate == hw::kGateNew ? Candidate(row, h) : Dot(h, weights_.RecurrentRow(gate, row), size);
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
