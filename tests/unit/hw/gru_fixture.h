#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

#include "hw/emu/commands.h"
#include "hw/emu/gru_weights.h"
#include "hw/emu/plain_rowwise.h"

namespace recurd::emu {

inline std::vector<float> RandomFloats(size_t count, uint32_t seed, float range) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-range, range);
  std::vector<float> values(count);
  for (float& value : values) value = uniform(random);
  return values;
}

inline GruWeights RandomWeights(int hidden, int input, uint32_t seed) {
  GruWeights weights;
  weights.hidden_size = hidden;
  weights.input_size = input;
  weights.input = RandomFloats(3 * hidden * input, seed, 1.5f / static_cast<float>(input) + 0.2f);
  weights.recurrent = RandomFloats(3 * hidden * hidden, seed + 1, 0.6f);
  weights.bias = RandomFloats(3 * hidden, seed + 2, 0.5f);
  weights.recurrent_bias = RandomFloats(hidden, seed + 3, 0.5f);
  return weights;
}

// What the array has to yield: rows of padded words, the state after each step; `h` goes on from what it is.
// plain(x, h): one step of a plain evaluator.
template <class PlainStep>
std::vector<uint32_t> PlainRows(const PlainStep& plain, const float* x, int steps, int input_size,
                                std::vector<float>* h) {
  std::vector<uint32_t> words;
  for (int step = 0; step < steps; ++step) {
    plain(x + step * input_size, h->data());
    const size_t at = words.size();
    words.resize(at + hw::PaddedWords(static_cast<int>(h->size())));
    memcpy(&words[at], h->data(), 4 * h->size());
  }
  return words;
}

inline std::vector<uint32_t> Slice(const std::vector<uint32_t>& words, size_t from, size_t count) {
  return std::vector<uint32_t>(words.begin() + static_cast<std::ptrdiff_t>(from),
                               words.begin() + static_cast<std::ptrdiff_t>(from + count));
}

}  // namespace recurd::emu
