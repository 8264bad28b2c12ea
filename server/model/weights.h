#pragma once

#include "absl/status/status.h"
#include "server/model/model.h"

namespace recurd {

// Has every matrix of the model's recurrent and dense layers, those of its passes too, stored so. Only the cpu pipeline
// computes with other weights than fp32. Errors: INVALID_ARGUMENT naming the layer that has more columns than bytes can
// have (numeric/narrow.h); then `model` is as it was.
absl::Status StoreWeights(WeightStorage storage, Model* model);

// What they take as they are stored, the scales of int8 rows counted. Of a model: all its matrices, of all passes.
int64_t WeightBytes(const Matrix& matrix);
int64_t WeightBytes(const Model& model);

}  // namespace recurd
