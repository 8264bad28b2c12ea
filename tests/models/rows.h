#pragma once

#include <cstdint>
#include <vector>

#include "server/model/model.h"
#include "tests/models/golden_case.h"

namespace recurd {

// Between the tensors of a graph, which have a time axis, and the rows of its steps.

// Steps of a golden sequence. Adds a test failure and gives 0 where an input does not have the model's shape.
int StepsOf(const Model& model, const GoldenSequence& sequence);
// [steps][input_size].
std::vector<float> InputRows(const Model& model, const GoldenSequence& sequence, int steps);
// [state_size]: the model's own, and what state inputs give.
std::vector<float> InitialState(const Model& model, const GoldenSequence& sequence);

// A tensor of `spec` out of [steps][row_size] rows; of an output without a time axis, its value after the last step.
Tensor TensorOf(const TensorSpec& spec, const std::vector<float>& rows, int row_size, int steps);

}  // namespace recurd
