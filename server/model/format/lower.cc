#include "server/model/format/lower.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"

namespace recurd::format {
namespace {

Lowerer FindLowerer(const Node& node) {
  if (!node.domain().empty() && node.domain() != "ai.onnx") return nullptr;
  for (const auto& family : {ShapeLowerers(), SelectLowerers(), ArithmeticLowerers(), NormLowerers(), DenseLowerers(),
                             RecurrentLowerers()}) {
    for (const LowererEntry& entry : family) {
      if (entry.op == node.op()) return entry.lower;
    }
  }
  return nullptr;
}

absl::Status LowerUnlabelled(const Node& node, Lowering& lowering) {
  const Lowerer lower = FindLowerer(node);
  if (lower == nullptr) {
    const std::string where = node.domain().empty() ? "" : absl::StrCat(" of domain '", node.domain(), "'");
    return absl::InvalidArgumentError(absl::StrCat("the operator", where, " is not supported"));
  }
  lowering.builder().set_node_name(node.Name());
  RECURD_RETURN_IF_ERROR(lower(node, lowering));
  lowering.builder().passes().NameNode(node.Label());
  return node.CheckAttributes();
}

}  // namespace

absl::Status Lowering::Define(const std::string& name, Value value) {
  // Empty tensors may have axes of any size, which would overflow when sizes are added.
  constexpr int64_t kMaxAxisSize = int64_t{1} << 31;
  for (int64_t size : value.axes.sizes) {
    if (size > kMaxAxisSize) {
      return absl::InvalidArgumentError(absl::StrCat("'", name, "' has an axis of size ", size));
    }
  }
  if (values_.emplace(name, std::move(value)).second) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("the name '", name, "' is given twice"));
}

void Lowering::Forget(const std::string& name) {
  const auto found = values_.find(name);
  if (found != values_.end()) found->second = Value{};
}

const Value* Lowering::Find(const std::string& name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? nullptr : &found->second;
}

absl::StatusOr<const Value*> Lowering::Input(const Node& node, int i) const {
  if (!HasInput(node, i)) return absl::InvalidArgumentError(absl::StrCat("its input ", i, " is missing"));
  if (const Value* value = Find(node.input(i))) return value;
  return absl::InvalidArgumentError(
      absl::StrCat("its input ", i, ", '", node.input(i), "', is given by no served output of an earlier node"));
}

absl::StatusOr<const Value*> Lowering::Constant(const Node& node, int i) const {
  RECURD_ASSIGN_OR_RETURN(const Value* value, Input(node, i));
  if (value->is_constant()) return value;
  return absl::InvalidArgumentError(
      absl::StrCat("its input ", i, ", '", node.input(i), "', is computed; it must be a constant"));
}

absl::StatusOr<std::vector<Dim>> Lowering::Dims(const Node& node, int i) const {
  constexpr int64_t kMaxCount = 65536;
  RECURD_ASSIGN_OR_RETURN(const Value* value, Constant(node, i));
  if (value->elements->is_float() || value->elements->size() > kMaxCount) {
    return absl::InvalidArgumentError(absl::StrCat("its input ", i, " must be at most ", kMaxCount, " whole numbers"));
  }
  std::vector<Dim> dims;
  for (int64_t j = 0; j < value->elements->size(); ++j) dims.push_back(value->elements->dim(j));
  return dims;
}

absl::StatusOr<std::vector<int64_t>> Lowering::Integers(const Node& node, int i) const {
  RECURD_ASSIGN_OR_RETURN(const std::vector<Dim> dims, Dims(node, i));
  std::vector<int64_t> integers;
  for (const Dim& dim : dims) {
    if (dim.per_step != 0) {
      return absl::InvalidArgumentError(absl::StrCat("its input ", i, " depends on the number of steps"));
    }
    integers.push_back(dim.fixed);
  }
  return integers;
}

absl::StatusOr<std::vector<int64_t>> Lowering::IntegersOrAttribute(const Node& node, int i,
                                                                   absl::string_view attribute) const {
  if (HasInput(node, i)) return Integers(node, i);
  return node.Ints(attribute);
}

absl::Status Lowering::Output(const Node& node, int i, Value value) {
  const std::string name = node.output(i);
  return name.empty() ? absl::OkStatus() : Define(name, std::move(value));
}

bool IsSupported(const Node& node) { return FindLowerer(node) != nullptr; }

absl::Status LowerNode(const Node& node, Lowering& lowering) {
  const absl::Status status = LowerUnlabelled(node, lowering);
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat(node.Label(), ": ", status.message()));
}

}  // namespace recurd::format
