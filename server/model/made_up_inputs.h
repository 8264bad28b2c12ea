#pragma once

#include <cstdint>
#include <vector>

namespace recurd {

// Inputs in [-1, 1] for warming and checking a model: the same at each load.
class MadeUpInputs {
 public:
  void Fill(std::vector<float>* row) {
    for (float& x : *row) x = Next();
  }

 private:
  // Numerical Recipes' linear congruential generator.
  float Next() {
    seed_ = seed_ * 1664525u + 1013904223u;
    return static_cast<float>(seed_ >> 8) / static_cast<float>(1 << 23) - 1;
  }
  uint32_t seed_ = 1;
};

}  // namespace recurd
