#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/recurctl/command.h"
#include "client/recurctl/inspect/report.h"
#include "server/numeric/activation_form.h"
#include "server/numeric/narrow.h"
#include "server/numeric/profile.h"

namespace recurd {
namespace {

template <typename Items, typename ToText>
std::string List(const Items& items, ToText to_text) {
  return absl::StrCat(
      "[", absl::StrJoin(items, ",", [&](std::string* out, const auto& item) { *out += to_text(item); }), "]");
}

const char* Bool(bool value) { return value ? "true" : "false"; }
std::string Numbers(const std::vector<int64_t>& numbers) { return absl::StrCat("[", absl::StrJoin(numbers, ","), "]"); }
std::string JsonNumber(double value) { return std::isfinite(value) ? absl::StrFormat("%.9g", value) : "null"; }
std::string OrNull(const std::string& text) { return text.empty() ? "null" : JsonString(text); }

const char* NameOfFate(NodeFate fate) {
  constexpr const char* kNames[] = {"served", "folded", "refused", "unsupported", "unknown"};
  return kNames[static_cast<int>(fate)];
}

std::string TensorJson(const TensorSpec& tensor) {
  return absl::StrFormat("{\"name\":%s,\"shape\":%s,\"has_time_axis\":%s,\"row_offset\":%d,\"row_size\":%d}",
                         JsonString(tensor.name), Numbers(tensor.shape), Bool(tensor.has_time_axis), tensor.row.offset,
                         tensor.row.size);
}

std::string StateInputJson(const StateInputSpec& input) {
  return absl::StrFormat("{\"name\":%s,\"shape\":%s}", JsonString(input.name), Numbers(input.shape));
}

std::string StateJson(const StateSpec& state) {
  return absl::StrFormat("{\"name\":%s,\"offset\":%d,\"size\":%d,\"input_name\":%s,\"output_name\":%s}",
                         JsonString(state.name), state.offset, state.size, OrNull(state.input_name),
                         OrNull(state.output_name));
}

std::string PassJson(const Pass& pass) {
  return absl::StrFormat("{\"direction\":\"%s\",\"layers\":%s,\"op_count\":%d,\"macs_per_step\":%d}",
                         pass.backward ? "backward" : "forward",
                         List(LayersOf(*pass.step), [](const RecurrentOp* layer) { return JsonString(layer->name); }),
                         pass.step->ops.size(), TotalsOf(*pass.step).macs);
}

std::string ServingJson(const Model& model, const Accuracy& accuracy) {
  const ActivationForm form = model.activation.value_or(ActivationForm::kExact);
  return absl::StrFormat(
      "\"numerics\":{\"profile\":%s,\"activation\":%s,\"from_config\":%s,\"weights\":%s},"
      "\"accuracy\":{\"steps\":%d,\"largest_error\":%s,\"rms_error\":%s,\"rms_output\":%s},"
      "\"serving\":{\"warmup_steps\":%d,\"latency_objective_ns\":%d,\"quantum_ns\":%d}",
      JsonString(ProfileOf(form, model.weights)), JsonString(NameOf(form)), Bool(model.activation.has_value()),
      JsonString(NameOf(model.weights)), accuracy.steps, JsonNumber(accuracy.largest_error),
      JsonNumber(accuracy.rms_error), JsonNumber(accuracy.rms_output), model.serving.warmup_steps,
      model.serving.latency_objective_ns, model.serving.quantum_ns);
}

std::string TotalsJson(const Model& model, const StepTotals& totals) {
  return absl::StrFormat(
      "\"totals\":{\"parameters\":%d,\"weight_bytes\":%d,\"state_bytes\":%d,\"frame_bytes\":%d,\"hot_bytes\":%d,"
      "\"op_count\":%d,\"macs_per_step\":%d,\"flops_per_step\":%d,\"input_size\":%d,\"output_size\":%d,\"row_size\":%"
      "d}",
      model.parameter_count, totals.weight_bytes, totals.state_bytes, totals.frame_bytes, totals.hot_bytes(),
      totals.op_count, totals.macs, totals.flops, model.input_size, model.output_size, model.row_size);
}

std::string ModelJson(const InspectReport& report) {
  const Model& model = *report.model;
  return absl::StrCat(
      ",\"fingerprint\":", JsonString(model.fingerprint), ",\"streams\":", Bool(model.streams()),
      ",\"whole_sequence_reason\":", OrNull(model.whole_sequence_reason), ",\"passes\":", List(model.passes, PassJson),
      ",\"inputs\":", List(model.inputs, TensorJson), ",\"outputs\":", List(model.outputs, TensorJson),
      ",\"length_inputs\":", List(model.length_inputs, JsonString),
      ",\"state_inputs\":", List(model.state_inputs, StateInputJson), ",\"states\":", List(model.states, StateJson),
      ",", ServingJson(model, report.accuracy), ",", TotalsJson(model, report.totals));
}

// As the file declares it.
std::string DeclaredJson(const GraphOutline::Tensor& tensor) {
  return absl::StrFormat("{\"name\":%s,\"type\":%s,\"shape\":%s}", JsonString(tensor.name), OrNull(tensor.type),
                         OrNull(tensor.shape));
}

std::string NodeJson(const GraphOutline& graph, const NodeReport& report) {
  const GraphOutline::Node& node = *report.node;
  const auto name = [&](int tensor) { return tensor < 0 ? "null" : JsonString(graph.tensors[tensor].name); };
  std::string text = absl::StrFormat("{\"name\":%s,\"op\":%s,\"domain\":%s,\"fate\":\"%s\"", JsonString(node.name),
                                     JsonString(node.op), JsonString(node.domain), NameOfFate(report.fate));
  absl::StrAppend(&text, ",\"inputs\":", List(node.inputs, name), ",\"outputs\":", List(node.outputs, name),
                  ",\"input_shapes\":", List(report.in_shapes, JsonString),
                  ",\"output_shapes\":", List(report.out_shapes, JsonString));
  absl::StrAppendFormat(&text, ",\"parameters\":%d,\"bytes\":%d,\"macs_per_step\":%d", report.parameters,
                        4 * report.parameters, report.macs);
  if (report.family == NodeFamily::kRecurrent) {
    absl::StrAppendFormat(&text, ",\"direction\":%s,\"activations\":%s,\"hidden_size\":%d,\"linear_before_reset\":%s",
                          JsonString(node.direction), List(node.activations, JsonString), node.hidden_size,
                          Bool(node.linear_before_reset));
  }
  return absl::StrCat(text, ",\"reason\":", OrNull(report.reason), "}");
}

}  // namespace

std::string InspectJson(const InspectReport& report) {
  const GraphOutline& graph = report.graph;
  const auto declared = [&](int tensor) { return DeclaredJson(graph.tensors[tensor]); };
  std::string text = absl::StrFormat(
      "{\"model\":%s,\"version\":%s,\"path\":%s,\"config_path\":%s,\"file_bytes\":%d,\"opset\":%d,\"ir_version\":%d,"
      "\"producer\":%s,\"served\":%s,\"error\":%s",
      JsonString(report.name), JsonString(report.version), JsonString(report.path), OrNull(report.config_path),
      report.file_bytes, graph.opset, graph.ir_version, JsonString(graph.producer), Bool(report.is_served()),
      OrNull(report.error));
  if (report.is_served()) text += ModelJson(report);
  absl::StrAppend(
      &text, ",\"graph\":{\"name\":", JsonString(graph.name), ",\"node_count\":", graph.node_count,
      ",\"initializer_count\":", graph.initializer_count, ",\"initializer_bytes\":", graph.initializer_bytes,
      ",\"inputs\":", List(graph.inputs, declared), ",\"outputs\":", List(graph.outputs, declared),
      ",\"nodes\":", List(report.nodes, [&](const NodeReport& node) { return NodeJson(graph, node); }), "}}\n");
  return text;
}

}  // namespace recurd
