#pragma once

#include <vector>

namespace recurd {

// The held-out digits that ship with the model, and torch's own outputs for them (tests/golden/README.md).
struct Digits {
  struct Sequence {
    int label = 0;
    std::vector<std::vector<float>> rows;  // [8][8]
  };
  std::vector<Sequence> sequences;
  std::vector<std::vector<std::vector<float>>> golden;  // [sequence][step][10]
};

// Aborts the test program if the files aren't what they should be.
Digits LoadDigits();

}  // namespace recurd
