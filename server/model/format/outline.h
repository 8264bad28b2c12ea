#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/model/format/import_trace.h"

namespace recurd {

// What a file says of its graph and what import made of it, for people who look at it: served models and refused ones
// alike. All text is printable ASCII and at most 1024 bytes long. A tensor's number is its place in `tensors`. What is
// behind a million tensors is left out.
struct GraphOutline {
  enum class Role { kUnknown, kConstant, kEachStep, kLastStep, kState };
  struct Tensor {
    std::string name;
    std::string type;            // as declared: "FLOAT"; empty: it isn't
    Role role = Role::kUnknown;  // kUnknown: import never came to it
    std::string shape;           // "[T,1,32]" as import understood it, else as declared; empty: unknown
    std::vector<int64_t> sizes;  // as import understood it, -1 at the time axis
    int64_t count = 0;           // elements of one step; 0 if unknown
    bool is_float = true;
  };
  struct Node {
    std::string name, op, domain;
    std::vector<int> inputs, outputs;  // tensors; -1: left out
    bool is_supported = true;          // an operator that import knows; its attributes may still be refused
    std::string direction;             // of GRU, LSTM, RNN: forward, reverse, bidirectional
    std::vector<std::string> activations;
    int64_t hidden_size = 0;
    bool linear_before_reset = false;
  };
  int64_t ir_version = 0, opset = 0;
  std::string producer, name;
  std::vector<Tensor> tensors;
  std::vector<Node> nodes;  // at most as many as import takes
  int64_t node_count = 0;   // of the file
  std::vector<int> inputs, outputs;
  int64_t initializer_count = 0, initializer_bytes = 0;  // as they are stored
  int refused_node = -1;                                 // the one that import stopped at
};

// Errors: INVALID_ARGUMENT if the file is no ONNX model, or too large.   Threads: any.
absl::StatusOr<GraphOutline> OutlineOnnx(absl::string_view bytes, const ImportTrace& trace);

}  // namespace recurd
