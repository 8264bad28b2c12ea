#pragma once

#include <functional>

#include "absl/status/status.h"
#include "server/pipeline/pipeline.h"

namespace recurd {

// How far a pipeline's steps may lie from the plain reference's.
inline constexpr double kSameBits = 0;
// Where recurrent layers take their activations from tables, and in an order of roundings of their own: the root mean
// square over a step's state and outputs, each divided by its own size where that is above 1. The reference looks into
// the same table, so that only neighbouring entries differ: measured, up to 1.1e-4 on the shipped models and random
// ones.
inline constexpr double kTableError = 0.01;

// Computes model.serving.warmup_steps steps of made-up inputs in [-1, 1], one by one, by `execute` and by the plain
// reference with `form`, each from the reference's last state, so that errors don't add up; and compares states and
// outputs. `execute` does a whole run. Of a model that has passes, the steps are one sequence, compared at its end.
// Errors: INTERNAL naming the step and the difference.
absl::Status CheckAgainstReference(const Model& model, ActivationForm form, double bound,
                                   const std::function<void(const Run&)>& execute);

}  // namespace recurd
