#include <algorithm>
#include <map>

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

constexpr size_t kNameLimit = 48, kOperatorLimit = 24, kShapesLimit = 48;

std::string Bytes(int64_t bytes) {
  if (bytes < 10240) return absl::StrCat(bytes, " B");
  if (bytes < int64_t{10} << 20) return absl::StrFormat("%.1f KiB", static_cast<double>(bytes) / 1024);
  return absl::StrFormat("%.1f MiB", static_cast<double>(bytes) / (1024 * 1024));
}

void Line(std::string* text, const char* label, const std::string& value) {
  absl::StrAppendFormat(text, "  %-12s %s\n", label, Printable(value));
}

std::string Name(const std::string& name) { return Shortened(name, kNameLimit); }

std::string Shape(const std::vector<int64_t>& sizes) {
  return absl::StrCat("[",
                      absl::StrJoin(sizes, ",",
                                    [](std::string* out, int64_t size) {
                                      size < 0 ? absl::StrAppend(out, "T") : absl::StrAppend(out, size);
                                    }),
                      "]");
}

void AppendTensors(const char* label, const std::vector<TensorSpec>& tensors, std::string* text) {
  for (const TensorSpec& tensor : tensors) {
    Line(text, label,
         absl::StrCat(Name(tensor.name), " ", Shape(tensor.shape), ": floats ", tensor.row.offset, " to ",
                      tensor.row.offset + tensor.row.size - 1, " of a row",
                      tensor.has_time_axis ? "" : "; no time axis: counts after the last step"));
  }
}

std::string StateText(const Model& model, const StateSpec& state) {
  const auto first = model.initial_state.begin() + state.offset;
  const bool is_zero = std::all_of(first, first + state.size, [](float value) { return value == 0; });
  const std::string start = state.input_name.empty() ? is_zero ? "zeros" : "constants of the file"
                                                     : absl::StrCat("the input '", Name(state.input_name), "'");
  return absl::StrCat(Name(state.name), ": ", state.size, " floats; starts from ", start,
                      state.output_name.empty() ? "" : absl::StrCat("; shown as '", Name(state.output_name), "'"));
}

std::string Way(const Pass& pass) { return pass.backward ? "backward" : "forward"; }

std::string PassText(const Pass& pass) {
  const std::vector<const RecurrentOp*> layers = LayersOf(*pass.step);
  const std::string names = absl::StrJoin(
      layers, ", ", [](std::string* out, const RecurrentOp* layer) { absl::StrAppend(out, Name(layer->name)); });
  return absl::StrCat(Way(pass), ": ", names.empty() ? "no recurrent layer" : names, "; ", pass.step->ops.size(),
                      pass.step->ops.size() == 1 ? " operator, " : " operators, ", TotalsOf(*pass.step).macs,
                      " MACs a step");
}

void AppendServing(const Model& model, const Accuracy& accuracy, std::string* text) {
  const ActivationForm form = model.activation.value_or(ActivationForm::kExact);
  Line(text, "numerics",
       absl::StrCat(ProfileOf(form, model.weights), ": weights ", NameOf(model.weights), ", sigmoid and tanh ",
                    NameOf(form), model.activation ? " by its configuration" : ""));
  Line(text, "accuracy", AccuracyText(accuracy.steps, accuracy.largest_error, accuracy.rms_error, accuracy.rms_output));
  const auto or_daemon = [](int64_t ns) {
    return ns == 0 ? std::string("the daemon's flag") : Duration(static_cast<double>(ns));
  };
  Line(text, "serving",
       absl::StrCat("latency objective: ", or_daemon(model.serving.latency_objective_ns), "; quantum: ",
                    or_daemon(model.serving.quantum_ns), "; ", model.serving.warmup_steps, " warmup steps"));
}

void AppendModel(const Model& model, const Accuracy& accuracy, std::string* text) {
  Line(text, "streams",
       model.streams() ? "yes" : absl::StrCat("no: ", model.whole_sequence_reason, "; whole sequences with Infer"));
  for (size_t i = 0; i < model.passes.size(); ++i) {
    Line(text, "pass", absl::StrCat(i + 1, ", ", PassText(model.passes[i])));
  }
  AppendTensors("input", model.inputs, text);
  for (const std::string& name : model.length_inputs) {
    Line(text, "input", absl::StrCat(Name(name), ": only says how many steps there are"));
  }
  for (const StateInputSpec& input : model.state_inputs) {
    Line(text, "state input", absl::StrCat(Name(input.name), " ", Shape(input.shape)));
  }
  AppendTensors("output", model.outputs, text);
  for (const StateSpec& state : model.states) Line(text, "state", StateText(model, state));
  AppendServing(model, accuracy, text);
}

// Of a refused file: as it declares them.
void AppendDeclared(const GraphOutline& graph, const char* label, const std::vector<int>& tensors, std::string* text) {
  for (const int t : tensors) {
    const GraphOutline::Tensor& tensor = graph.tensors[t];
    Line(text, label,
         absl::StrCat(Name(tensor.name), " ", tensor.shape.empty() ? "[?]" : tensor.shape, " ", tensor.type));
  }
}

std::string Shapes(const NodeReport& node) {
  const auto list = [](const std::vector<std::string>& shapes) {
    if (shapes.empty()) return std::string("?");
    const size_t shown = std::min<size_t>(shapes.size(), 3);
    return absl::StrCat(absl::StrJoin(shapes.begin(), shapes.begin() + static_cast<int>(shown), " "),
                        shown < shapes.size() ? " ..." : "");
  };
  return Shortened(absl::StrCat(list(node.in_shapes), " -> ", list(node.out_shapes)), kShapesLimit);
}

std::string Remarks(const NodeReport& node) {
  std::vector<std::string> remarks;
  if (node.family == NodeFamily::kRecurrent) {
    remarks.push_back(absl::StrJoin(node.node->activations, " "));
    if (node.node->op == "GRU") {
      remarks.push_back(absl::StrCat("reset ", node.node->linear_before_reset ? "after" : "before", " the matrix"));
    }
    if (node.node->direction != "forward") remarks.push_back(node.node->direction);
  }
  if (node.fate == NodeFate::kRefused) remarks.push_back(absl::StrCat("REFUSED: ", node.reason));
  if (node.fate == NodeFate::kUnsupported) remarks.push_back("NOT SERVED");
  return absl::StrJoin(remarks, ", ");
}

void AppendNodes(const InspectReport& report, std::string* text) {
  int64_t folded = 0;
  for (const NodeReport& node : report.nodes) folded += node.fate == NodeFate::kFolded ? 1 : 0;
  absl::StrAppendFormat(text, "\nNodes in order: %d", static_cast<int64_t>(report.nodes.size()) - folded);
  absl::StrAppend(text, folded == 0 ? "" : absl::StrCat("; ", folded, " constant ones are folded at load"), "\n");
  size_t op_width = 8, name_width = 4, shape_width = 6;
  for (const NodeReport& node : report.nodes) {
    if (node.fate == NodeFate::kFolded) continue;
    op_width = std::max(op_width, Shortened(node.node->op, kOperatorLimit).size());
    name_width = std::max(name_width, Name(node.node->name).size());
    shape_width = std::max(shape_width, Shapes(node).size());
  }
  absl::StrAppendFormat(text, "  %-*s  %-*s  %-*s %10s %10s %9s\n", op_width, "operator", name_width, "node",
                        shape_width, "shapes", "parameters", "bytes", "MACs");
  for (const NodeReport& node : report.nodes) {
    if (node.fate == NodeFate::kFolded) continue;
    std::string line = absl::StrFormat(
        "  %-*s  %-*s  %-*s %10s %10s %9s  %s", op_width, Shortened(node.node->op, kOperatorLimit), name_width,
        Name(node.node->name), shape_width, Shapes(node), node.parameters == 0 ? "" : absl::StrCat(node.parameters),
        node.parameters == 0 ? "" : Bytes(4 * node.parameters), node.macs == 0 ? "" : absl::StrCat(node.macs),
        Remarks(node));
    line.erase(line.find_last_not_of(' ') + 1);
    absl::StrAppend(text, line, "\n");
  }
}

void AppendTotals(const InspectReport& report, std::string* text) {
  const StepTotals& totals = report.totals;
  absl::StrAppend(text, "\nTotals\n");
  Line(text, "parameters",
       absl::StrCat(report.model->parameter_count, ", ", Bytes(totals.weight_bytes), " of weights"));
  Line(text, "a step",
       absl::StrCat(totals.macs, " MACs, ", totals.flops, " flops in ", totals.op_count, " operators; ",
                    report.model->input_size, " floats in, ", report.model->output_size, " out"));
  Line(text, report.model->streams() ? "a session" : "a sequence", absl::StrCat(totals.state_bytes, " bytes of state"));
  Line(text, "kept hot",
       absl::StrCat(Bytes(totals.hot_bytes()), ": weights, ", Bytes(totals.frame_bytes), " of frame, one state"));
  if (!report.model->streams()) {
    Line(text, "", absl::StrCat(Bytes(int64_t{4} * report.model->row_size), " for each of its steps"));
  }
}

// Every operator that isn't served, with how often.
void AppendUnserved(const InspectReport& report, std::string* text) {
  std::map<std::string, int> counts;
  for (const NodeReport& node : report.nodes) {
    if (!node.node->is_supported) ++counts[node.node->op];
  }
  if (counts.empty()) return;
  Line(text, "not served", absl::StrJoin(counts, ", ", [](std::string* out, const auto& entry) {
         absl::StrAppend(out, Shortened(entry.first, kOperatorLimit), " (", entry.second,
                         entry.second == 1 ? " node)" : " nodes)");
       }));
}

}  // namespace

std::string InspectText(const InspectReport& report) {
  const GraphOutline& graph = report.graph;
  std::string text =
      absl::StrFormat("Model %s version %s: %s\n", Printable(report.name), report.version, Printable(report.path));
  if (report.is_served()) Line(&text, "fingerprint", report.model->fingerprint);
  Line(&text, "file",
       absl::StrCat(Bytes(report.file_bytes), ", opset ", graph.opset, ", ONNX IR ", graph.ir_version,
                    graph.producer.empty() ? "" : absl::StrCat(", by ", Name(graph.producer))));
  if (!report.config_path.empty()) Line(&text, "config", report.config_path);
  if (report.is_served()) {
    AppendModel(*report.model, report.accuracy, &text);
  } else {
    Line(&text, "refused", report.error);
    AppendUnserved(report, &text);
    AppendDeclared(graph, "input", graph.inputs, &text);
    AppendDeclared(graph, "output", graph.outputs, &text);
  }
  AppendNodes(report, &text);
  if (report.is_served()) AppendTotals(report, &text);
  return text;
}

}  // namespace recurd
