#include "server/model/accuracy.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "server/model/evaluate.h"
#include "server/model/made_up_inputs.h"

namespace recurd {
namespace {

// Fewer of a large model, whose plain loops are slow.
int StepsFor(const Model& model) {
  constexpr int64_t kWork = 16'000'000;
  return static_cast<int>(std::clamp<int64_t>(kWork / std::max<int64_t>(model.parameter_count, 1), 4, 64));
}

double ErrorOf(float found, double expected) {
  if (std::isfinite(found) && std::isfinite(expected)) return std::fabs(found - expected);
  return std::isfinite(found) == std::isfinite(expected) ? 0 : std::numeric_limits<double>::infinity();
}

}  // namespace

Accuracy MeasureAccuracy(const Model& model, const ComputeSequence& compute) {
  Accuracy accuracy{.steps = StepsFor(model)};
  const auto steps = static_cast<size_t>(accuracy.steps);
  std::vector<float> inputs(steps * model.input_size), found(steps * model.output_size);
  std::vector<double> expected(found.size()), state(model.initial_state.begin(), model.initial_state.end());
  MadeUpInputs().Fill(&inputs);
  compute(inputs.data(), accuracy.steps, found.data());
  Evaluate(model, ActivationForm::kExact, inputs.data(), accuracy.steps, state.data(), expected.data());
  double squared_errors = 0, squares = 0;
  for (size_t i = 0; i < found.size(); ++i) {
    const double error = ErrorOf(found[i], expected[i]);
    accuracy.largest_error = std::max(accuracy.largest_error, error);
    squared_errors += error * error;
    if (std::isfinite(expected[i])) squares += expected[i] * expected[i];
  }
  const auto count = static_cast<double>(std::max<size_t>(found.size(), 1));
  accuracy.rms_error = std::sqrt(squared_errors / count);
  accuracy.rms_output = std::sqrt(squares / count);
  return accuracy;
}

Accuracy MeasureReferenceAccuracy(const Model& model) {
  return MeasureAccuracy(model, [&](const float* inputs, int steps, float* outputs) {
    std::vector<float> state = model.initial_state;
    Evaluate(model, inputs, steps, state.data(), outputs);
  });
}

}  // namespace recurd
