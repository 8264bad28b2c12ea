#pragma once

#include "absl/status/status.h"
#include "server/model/model.h"

namespace recurd {

// Whether a model's program keeps to its own buffers: every span inside the frame, every size the one that its operator
// needs, every layer's state its own, all of the state some layer's, operands apart from results (a result may replace
// an operand of its own size). For a model that has passes the same of each pass, and that it keeps to its row and its
// part of the state. Cheap: does not look at values. Errors: INVALID_ARGUMENT naming the operator and what is
// wrong. Threads: any.
absl::Status ValidateModel(const Model& model);

}  // namespace recurd
