#pragma once

#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "server/numeric/ops.h"

namespace recurd {

// Reproducible on every machine, unlike <random>'s distributions.
class RandomFloats {
 public:
  explicit RandomFloats(uint64_t seed) : state_(seed * 2 + 1) {}

  // Uniform in [-scale, scale).
  float Next(float scale) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return scale * (static_cast<float>(state_ >> 40) * 0x1p-23f - 1.0f);
  }
  int NextInt(int below) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<int>((state_ >> 33) % static_cast<uint64_t>(below));
  }
  std::vector<float> Vector(size_t size, float scale) {
    std::vector<float> values(size);
    for (float& value : values) value = Next(scale);
    return values;
  }

 private:
  uint64_t state_;
};

// A recurrent layer with weights of its own, uniform in +-1 / sqrt(fan-in) as frameworks initialise them.
struct RandomLayer {
  RandomLayer(CellKind kind, bool linear_before_reset, int input_size, int hidden_size, uint64_t seed = 1) {
    RandomFloats random(seed);
    const int rows = GateCount(kind) * hidden_size;
    const float scale = 1 / std::sqrt(static_cast<float>(hidden_size));
    input_weights = random.Vector(static_cast<size_t>(rows) * input_size, scale);
    recurrent_weights = random.Vector(static_cast<size_t>(rows) * hidden_size, scale);
    input_bias = random.Vector(rows, scale);
    recurrent_bias = random.Vector(rows, scale);
    peepholes = random.Vector(3 * hidden_size, scale);
    cell = {.kind = kind,
            .linear_before_reset = linear_before_reset,
            .f = {kind == CellKind::kRnn ? UnaryKind::kTanh : UnaryKind::kSigmoid},
            .g = {UnaryKind::kTanh},
            .h = {UnaryKind::kTanh},
            .input_size = input_size,
            .hidden_size = hidden_size,
            .input_weights = input_weights.data(),
            .recurrent_weights = recurrent_weights.data(),
            .input_bias = input_bias.data(),
            .recurrent_bias = recurrent_bias.data()};
  }
  RandomLayer(const RandomLayer&) = delete;
  RandomLayer& operator=(const RandomLayer&) = delete;

  std::vector<float> input_weights, recurrent_weights, input_bias, recurrent_bias, peepholes;
  Cell cell;  // points into the above; without peepholes unless a test sets them
};

// Sizes that fill vectors of every width and that leave a part of one.
inline const std::vector<std::pair<int, int>>& OddSizes() {
  static const auto& sizes =
      *new std::vector<std::pair<int, int>>{{1, 1}, {3, 5}, {6, 20}, {8, 32}, {33, 65}, {64, 64}, {128, 100}};
  return sizes;
}

}  // namespace recurd
