#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace recurd {

struct Tensor {
  std::vector<int64_t> shape;
  std::vector<float> values;  // row-major; integers too are given as floats
};
using Tensors = std::map<std::string, Tensor>;

// One sequence through a model, and what has to come out.
struct GoldenSequence {
  Tensors inputs;   // of every graph input; those that give initial states or lengths too
  Tensors outputs;  // of every graph output, over the whole sequence
  Tensors states;   // after the last step, by StateSpec::name
};

// A folder of cases: tests/models/README.md has the form.
struct GoldenCase {
  enum class Serves { kStream, kWhole, kRefused };

  std::string name;
  std::string model;  // the file's bytes
  Serves serves = Serves::kStream;
  std::vector<std::string> why;  // pieces of the refusal, or of the reason that it needs whole sequences
  std::vector<GoldenSequence> sequences;
};

// The names of the cases in a folder, sorted. Aborts if there are none.
std::vector<std::string> GoldenCaseNames(const std::filesystem::path& folder);

// Errors: INVALID_ARGUMENT naming the file that is not of the form.
absl::StatusOr<GoldenCase> LoadGoldenCase(const std::filesystem::path& folder);

}  // namespace recurd
