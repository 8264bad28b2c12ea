#pragma once

#include <onnx/onnx_pb.h>

#include "absl/status/statusor.h"
#include "server/model/format/value.h"

namespace recurd::format {

// A constant tensor of the file. Its data must be inside the file, exactly as long as its shape says. The elements are
// read where they stand: the tensor must outlive the value, unchanged.
// Types: FLOAT, FLOAT16, BFLOAT16, DOUBLE (rounded to float), BOOL and integers of 8 to 64 bits.
// Errors: INVALID_ARGUMENT naming the tensor, its type or the two lengths.
absl::StatusOr<Value> ReadTensor(const onnx::TensorProto& tensor);

}  // namespace recurd::format
