#pragma once

#include <functional>

#include "server/model/model.h"

namespace recurd {

// How far a model's outputs as they are served lie from the same in double precision, with the weights as the file has
// them: over one sequence of made-up inputs (made_up_inputs.h), from the model's initial state. Errors add up over the
// sequence as they do in service.
struct Accuracy {
  int steps = 0;
  double largest_error = 0;  // of one value; infinite if only one of the two is finite
  double rms_error = 0;
  double rms_output = 0;  // in double precision, for comparison
};

// `compute` runs a whole sequence: inputs [steps][input_size], outputs [steps][output_size].
// Takes at most some tens of milliseconds for up to a million parameters. Threads: any. Allocates.
using ComputeSequence = std::function<void(const float* inputs, int steps, float* outputs)>;
Accuracy MeasureAccuracy(const Model& model, const ComputeSequence& compute);

// The same of the plain reference, and so of the cpu pipeline.
Accuracy MeasureReferenceAccuracy(const Model& model);

}  // namespace recurd
