#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/model/format/import_trace.h"
#include "server/model/model.h"

namespace recurd {

// Larger files are refused unread.
inline constexpr int64_t kMaxOnnxFileBytes = int64_t{256} << 20;

// Turns an ONNX file into a program that runs once a step, or if it needs its whole sequence at once into one program a
// walk over it (model.h: Pass).
//
// The graph is evaluated once, symbolically: constants are folded; of a value that changes with every step it is known
// which axis is time and where in the frame each element stands, so that Transpose, Reshape, Slice, Concat and their
// kin cost nothing or a copy. The batch is 1. What takes the last step of a sequence (Y_h, Gather -1 over time) becomes
// a value of every step that is delivered after the last one.
//
// The file is hostile: its size, tensors, shapes and the memory that folding takes are bounded by the file's size; data
// outside the file is refused. ONNX's own checker is not run: it opens other files, throws, and knows no opset
// behind 17.
//
// Errors: INVALID_ARGUMENT naming the node, its operator and why it can't be served. Threads: any.
// Source: ONNX operator definitions, opsets 7 to 22 (github.com/onnx/onnx docs/Operators.md).
// `trace`, if given, receives what was learned of the graph, whether or not it can be served.
absl::StatusOr<Model> ImportOnnx(absl::string_view bytes, absl::string_view name, absl::string_view version,
                                 ImportTrace* trace = nullptr);

}  // namespace recurd
