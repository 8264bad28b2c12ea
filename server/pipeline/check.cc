#include "server/pipeline/check.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/model/evaluate.h"
#include "server/model/made_up_inputs.h"
#include "server/pipeline/sequence_program.h"

namespace recurd {
namespace {

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

absl::Status Compare(const Model& model, const Values& found, const Values& expected, double bound, int step) {
  const bool same = SameBits(found.state, expected.state) && SameBits(found.outputs, expected.outputs);
  const double error = same ? 0 : Error(found, expected);
  if (same || (bound > kSameBits && error <= bound)) return absl::OkStatus();
  return absl::InternalError(
      absl::StrCat("model '", model.name, "' version ", model.version, ": step ", step,
                   " of made-up inputs differs by ", error, " from the plain reference; ",
                   bound > kSameBits ? absl::StrCat("the limit is ", bound) : "its bits must be equal",
                   ": this machine or build computes it wrongly; try another --pipeline"));
}

// All steps as one sequence, in slices that end inside a pass and at its end. What differs is found at its last step.
absl::Status CheckWholeSequence(const Model& model, ActivationForm form, double bound,
                                const std::function<void(const Run&)>& execute) {
  constexpr int kSliceSteps = 5;
  const int steps = model.serving.warmup_steps;
  if (steps < 1) return absl::OkStatus();
  std::vector<float> inputs(static_cast<size_t>(steps) * model.input_size);
  MadeUpInputs().Fill(&inputs);
  Values expected{model.initial_state, std::vector<float>(static_cast<size_t>(steps) * model.output_size)};
  Values found = expected;
  Evaluate(model, form, inputs.data(), steps, expected.state.data(), expected.outputs.data());
  const Run run{.state = model.initial_state.data(),
                .next_state = found.state.data(),
                .inputs = inputs.data(),
                .outputs = found.outputs.data(),
                .steps = steps,
                .selection = OutputSelection::Every()};
  RunWholeSequence(model, run, kSliceSteps, execute);
  return Compare(model, found, expected, bound, steps - 1);
}

}  // namespace

absl::Status CheckAgainstReference(const Model& model, ActivationForm form, double bound,
                                   const std::function<void(const Run&)>& execute) {
  if (!model.streams()) return CheckWholeSequence(model, form, bound, execute);
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
    RECURD_RETURN_IF_ERROR(Compare(model, found, expected, bound, step));
  }
  return absl::OkStatus();
}

}  // namespace recurd
