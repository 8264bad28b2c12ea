#pragma once

#include "server/model/model.h"
#include "server/numeric/ops.h"

namespace recurd {

// The plain evaluator: a whole model by the loops of numeric/reference.h. T = float gives the bits that the cpu
// pipeline must give (the numerics profile, denormals flushed whatever the caller's mode); T = double, with the weights
// as the file has them, is what statements of accuracy are made against. For tests, the check of a freshly loaded
// model, and recurctl.
// A model that has passes is given its whole sequence: `steps` are all of it.
// Shapes: inputs [steps][input_size], state [state_size] in place, outputs [steps][output_size] or null.
// Precondition: ValidateModel(model) is OK. Threads: any. Allocates.
template <typename T>
void Evaluate(const Model& model, const float* inputs, int steps, T* state, T* outputs);
// The same with recurrent layers' sigmoid and tanh of this form, whatever the model's configuration says.
template <typename T>
void Evaluate(const Model& model, ActivationForm form, const float* inputs, int steps, T* state, T* outputs);

// The arithmetic of `op`; points into it.
Cell CellOf(const RecurrentOp& op, ActivationForm form = ActivationForm::kExact);

}  // namespace recurd
