#pragma once

#include <string>
#include <vector>

namespace recurd {

// What a golden file holds: [sequence][step][value] (tests/golden/README.md).
using Golden = std::vector<std::vector<std::vector<float>>>;

// The held-out digits that ship with the models, and torch's own outputs of one model for them.
struct Digits {
  struct Sequence {
    int label = 0;
    std::vector<std::vector<float>> rows;  // [8][8]
  };
  std::vector<Sequence> sequences;
  Golden golden;  // of each sequence: [8][10]
};

// Both abort the test program if the files aren't what they should be.
Digits LoadDigits(const std::string& model = "digits");
Golden LoadGolden(const std::string& file);  // in tests/golden

}  // namespace recurd
