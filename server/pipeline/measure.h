#pragma once

#include <functional>

#include "server/model/accuracy.h"
#include "server/pipeline/pipeline.h"

namespace recurd {

// The measured wall time in nanoseconds of a step with all outputs: the median over a few short runs of zeros.
// Of a model that has passes, that of the slowest pass. `execute` does a whole run. Takes some milliseconds, or
// eleven steps if those are longer.
double MeasureStepNs(const Model& model, const std::function<void(const Run&)>& execute);

// The accuracy of what `execute` gives, which does a whole run (model/accuracy.h).
Accuracy MeasureRunAccuracy(const Model& model, const std::function<void(const Run&)>& execute);

}  // namespace recurd
