#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "server/model/format/builder.h"
#include "server/model/format/graph.h"
#include "server/model/format/value.h"

namespace recurd::format {

// The values of a graph that are known so far, by name, and the program that computes them.
class Lowering {
 public:
  Lowering(StepCount steps, int64_t budget, bool must_stream) : builder_(steps, budget, must_stream) {}

  Builder& builder() { return builder_; }

  // Errors: INVALID_ARGUMENT if another node or input has that name, or an axis is immense.
  absl::Status Define(const std::string& name, Value value);
  // Null if nothing has that name.
  const Value* Find(const std::string& name) const;
  // Frees what is known of a value that nothing asks for any more; its name stays taken.
  void Forget(const std::string& name);
  // All that are known, by name.
  const std::unordered_map<std::string, Value>& values() const { return values_; }

  // A node's input. Errors: INVALID_ARGUMENT if it is left out or no earlier node gives it.
  absl::StatusOr<const Value*> Input(const Node& node, int i) const;
  bool HasInput(const Node& node, int i) const { return !node.input(i).empty(); }
  // A node's input that must be constant. Errors name it.
  absl::StatusOr<const Value*> Constant(const Node& node, int i) const;
  // A constant input of whole numbers, which may depend on the number of steps.
  absl::StatusOr<std::vector<Dim>> Dims(const Node& node, int i) const;
  // The same where none may depend on it.
  absl::StatusOr<std::vector<int64_t>> Integers(const Node& node, int i) const;
  // Integers that are an attribute in older opsets and input `i` in newer ones; empty if there is neither.
  absl::StatusOr<std::vector<int64_t>> IntegersOrAttribute(const Node& node, int i, absl::string_view attribute) const;

  // Defines a node's output; does nothing for one that the node leaves out.
  absl::Status Output(const Node& node, int i, Value value);

 private:
  Builder builder_;
  std::unordered_map<std::string, Value> values_;
};

// Adds one node to the program. The error doesn't name the node; LowerNode adds that.
using Lowerer = absl::Status (*)(const Node& node, Lowering& lowering);

// Which function lowers which operator, by family.
struct LowererEntry {
  absl::string_view op;
  Lowerer lower;
};
absl::Span<const LowererEntry> ShapeLowerers();       // lower_shape.cc: axes and shapes; no arithmetic
absl::Span<const LowererEntry> SelectLowerers();      // lower_select.cc: parts of values, joined and repeated
absl::Span<const LowererEntry> ArithmeticLowerers();  // lower_arithmetic.cc: elementwise
absl::Span<const LowererEntry> NormLowerers();        // lower_norm.cc: reductions, softmax, normalizations
absl::Span<const LowererEntry> DenseLowerers();       // lower_dense.cc: matrix products, quantized constants
absl::Span<const LowererEntry> RecurrentLowerers();   // lower_recurrent.cc: GRU, LSTM, RNN

// True if there is a function for its operator.
bool IsSupported(const Node& node);

// Errors: INVALID_ARGUMENT naming the node, its operator and the reason; FAILED_PRECONDITION if a recurrent node
// doesn't find its time axis where it looks for it; UNIMPLEMENTED if it needs the whole sequence of a graph that must
// stream.
absl::Status LowerNode(const Node& node, Lowering& lowering);

}  // namespace recurd::format
