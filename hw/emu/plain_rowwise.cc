#include "hw/emu/plain_rowwise.h"

#include <algorithm>
#include <cmath>

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

std::vector<float> Table(double range, double (*function)(double)) {
  std::vector<float> table(hw::kLutWords);
  for (int i = 0; i < hw::kLutWords; ++i) {
    table[i] = static_cast<float>(function(-range + 2 * range * i / (hw::kLutWords - 1)));
  }
  return table;
}

double Sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }
double Tanh(double x) { return std::tanh(x); }

}  // namespace

PlainRowwise::PlainRowwise(const GruWeights& weights, bool reset_before)
    : weights_(weights),
      reset_before_(reset_before),
      sigmoid_(Table(hw::kSigmoidRange, Sigmoid)),
      tanh_(Table(hw::kTanhRange, Tanh)),
      products_(weights.hidden_size) {
  for (std::vector<float>& gate : gates_) gate.resize(weights.hidden_size);
}

float PlainRowwise::Activate(int gate, float value) const {
  constexpr float kLast = hw::kLutWords - 1;
  const float range = gate == hw::kGateNew ? hw::kTanhRange : hw::kSigmoidRange;
  const float entry = std::fma(value, kLast / (2 * range), kLast / 2);
  const int index = static_cast<int>(std::floor(std::min(std::max(0.0f, entry), kLast)));
  return (gate == hw::kGateNew ? tanh_ : sigmoid_)[index];
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
