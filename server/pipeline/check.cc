#include "server/pipeline/check.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/model/evaluate.h"

namespace recurd {
namespace {

// Numerical Recipes' linear congruential generator: the same inputs at each load.
class MadeUpInputs {
 public:
  void Fill(std::vector<float>* row) {
    for (float& x : *row) x = Next();
  }

 private:
  float Next() {
    seed_ = seed_ * 1664525u + 1013904223u;
    return static_cast<float>(seed_ >> 8) / static_cast<float>(1 << 23) - 1;
  }
  uint32_t seed_ = 1;
};

struct Values {
  std::vector<float> state, outputs;
};

bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](float x, float y) {
    return std::bit_cast<uint32_t>(x) == std::bit_cast<uint32_t>(y) || (std::isnan(x) && std::isnan(y));
  });
}

// The sum of the squares of what differs; infinite where only one of the two is finite.
double SquaredError(const std::vector<float>& found, const std::vector<float>& expected) {
  double sum = 0;
  for (size_t i = 0; i < found.size(); ++i) {
    if (!std::isfinite(found[i]) && !std::isfinite(expected[i])) continue;
    if (!std::isfinite(found[i]) || !std::isfinite(expected[i])) return std::numeric_limits<double>::infinity();
    const double size = std::max(1.0, std::fabs(static_cast<double>(expected[i])));
    sum += std::pow((static_cast<double>(found[i]) - expected[i]) / size, 2);
  }
  return sum;
}

double Error(const Values& found, const Values& expected) {
  const auto count = static_cast<double>(found.state.size() + found.outputs.size());
  const double sum = SquaredError(found.state, expected.state) + SquaredError(found.outputs, expected.outputs);
  return std::sqrt(sum / std::max(1.0, count));
}

}  // namespace

absl::Status CheckAgainstReference(const Model& model, ActivationForm form, double bound,
                                   const std::function<void(const Run&)>& execute) {
  const Values room{model.initial_state, std::vector<float>(static_cast<size_t>(model.output_size))};
  Values expected = room, found = room;
  std::vector<float> inputs(static_cast<size_t>(model.input_size));
  MadeUpInputs source;
  for (int step = 0; step < model.serving.warmup_steps; ++step) {
    source.Fill(&inputs);
    const std::vector<float> before = expected.state;
    Evaluate(model, form, inputs.data(), 1, expected.state.data(), expected.outputs.data());
    execute({.state = before.data(),
             .next_state = found.state.data(),
             .inputs = inputs.data(),
             .outputs = found.outputs.data(),
             .steps = 1,
             .selection = OutputSelection::Every()});
    const bool same = SameBits(found.state, expected.state) && SameBits(found.outputs, expected.outputs);
    const double error = same ? 0 : Error(found, expected);
    if (same || (bound > kSameBits && error <= bound)) continue;
    return absl::InternalError(
        absl::StrCat("model '", model.name, "' version ", model.version, ": step ", step,
                     " of made-up inputs differs by ", error, " from the plain reference; ",
                     bound > kSameBits ? absl::StrCat("the limit is ", bound) : "its bits must be equal",
                     ": this machine or build computes it wrongly; try another --pipeline"));
  }
  return absl::OkStatus();
}

}  // namespace recurd
