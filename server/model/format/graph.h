#pragma once

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/model/format/value.h"

namespace recurd::format {

inline constexpr int kMaxNodeCount = 16384;
// Operators are understood as these versions of ONNX's operator set define them.
inline constexpr int kMinOpset = 7;
inline constexpr int kMaxOpset = 22;

// Text of the file made fit for messages and logs: other bytes than printable ASCII become '?', and long text is cut.
std::string Printable(absl::string_view text);

// A node of the graph with checked access to its attributes. The getters remember what was asked for: an attribute that
// nobody asked for could change what the node means, so CheckAttributes refuses it.
// Errors of the getters: INVALID_ARGUMENT if the attribute has another type.
class Node {
 public:
  Node(const onnx::NodeProto& proto, int opset);

  const std::string& op() const { return proto_.op_type(); }
  const std::string& domain() const { return proto_.domain(); }
  int opset() const { return opset_; }
  // Printable; a node without a name is called by the first output that it has.
  std::string Name() const;
  // As "node 'gru1' (GRU)".
  std::string Label() const;

  int input_count() const { return proto_.input_size(); }
  int output_count() const { return proto_.output_size(); }
  // Empty for an optional one that is left out.
  std::string input(int i) const { return i < input_count() ? proto_.input(i) : ""; }
  std::string output(int i) const { return i < output_count() ? proto_.output(i) : ""; }

  bool Has(absl::string_view name) const { return Find(name) != nullptr; }
  absl::StatusOr<int64_t> Int(absl::string_view name, int64_t otherwise) const;
  absl::StatusOr<float> Float(absl::string_view name, float otherwise) const;
  absl::StatusOr<std::string> String(absl::string_view name, absl::string_view otherwise) const;
  absl::StatusOr<std::vector<int64_t>> Ints(absl::string_view name) const;
  absl::StatusOr<std::vector<float>> Floats(absl::string_view name) const;
  absl::StatusOr<std::vector<std::string>> Strings(absl::string_view name) const;
  // Reads the file's own tensor: ReadTensor.
  absl::StatusOr<Value> Tensor(absl::string_view name) const;

  absl::Status CheckAttributes() const;

 private:
  const onnx::AttributeProto* Find(absl::string_view name) const;
  absl::StatusOr<const onnx::AttributeProto*> Find(absl::string_view name, onnx::AttributeProto::AttributeType) const;

  const onnx::NodeProto& proto_;
  const int opset_;
  mutable std::vector<bool> asked_for_;
};

// A graph input or output as the file declares it. Dynamic axes have size -1.
struct Port {
  std::string name;
  std::vector<int64_t> sizes;
};

// A parsed file. Nothing in it has been believed yet beyond what is said here.
struct Graph {
  onnx::ModelProto proto;
  std::vector<Node> nodes;
  std::vector<Port> inputs;  // without those that are initializers, and without length_inputs
  // Integers that only say how long the sequence is: nothing but recurrent nodes' sequence_lens depends on them.
  std::vector<Port> length_inputs;
  std::vector<std::string> outputs;
  std::unordered_map<std::string, Value> initializers;  // they read `proto`
  int64_t file_bytes = 0;
};

// Errors: INVALID_ARGUMENT with what is wrong with the file, the opset, a tensor, an input.
absl::StatusOr<std::unique_ptr<Graph>> ParseGraph(absl::string_view bytes);

}  // namespace recurd::format
