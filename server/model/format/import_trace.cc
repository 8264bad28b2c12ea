#include "server/model/format/import_trace.h"

#include "server/model/format/lower.h"

namespace recurd::format {
namespace {

TracedTensor::Role RoleOf(const Value& value) {
  switch (value.kind) {
    case Value::Kind::kConstant:
      return TracedTensor::Role::kConstant;
    case Value::Kind::kStateInput:
      return TracedTensor::Role::kState;
    default:
      return value.axes.has_time() ? TracedTensor::Role::kEachStep : TracedTensor::Role::kLastStep;
  }
}

TracedTensor Traced(const Value& value) {
  TracedTensor traced{RoleOf(value), value.axes.sizes, value.axes.count()};
  if (value.axes.has_time()) traced.sizes[value.axes.time] = -1;
  if (value.is_constant()) traced.is_float = value.elements->is_float();
  return traced;
}

}  // namespace

ImportTrace TraceOf(const Lowering& lowering, std::optional<size_t> refused_node) {
  ImportTrace trace{.refused_node = refused_node};
  for (const auto& [name, value] : lowering.values()) trace.tensors.emplace(name, Traced(value));
  return trace;
}

}  // namespace recurd::format
