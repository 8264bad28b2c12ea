#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "server/model/format/finish_model.h"
#include "server/model/format/passes.h"

namespace recurd::format {

// Floats that a step of a whole sequence may leave for later passes; a sequence's rows are as many times that large as
// it has steps.
inline constexpr int kMaxRowSize = 1 << 16;

// As FinishModel, for a program whose ops run in several passes: one step's program a pass, and the row of columns
// between them. A pass that nothing needs is left out, and a column is used again once no later pass reads it.
// Errors: as FinishModel; INVALID_ARGUMENT if the row is too large.
absl::StatusOr<Model> FinishWholeSequenceModel(Program program, const PassList& passes, std::vector<TensorSpec> inputs,
                                               const std::vector<NamedValue>& outputs,
                                               std::vector<StateInputSpec> state_inputs);

}  // namespace recurd::format
