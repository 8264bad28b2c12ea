#include "client/recurctl/inspect/report.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "server/base/status_macros.h"
#include "server/model/format/outline.h"
#include "server/model/weights.h"

namespace recurd {
namespace {

using Role = GraphOutline::Role;

constexpr size_t kMaxShapes = 64;  // that a node's report shows

constexpr std::array<absl::string_view, 3> kRecurrent = {"GRU", "LSTM", "RNN"};
constexpr std::array<absl::string_view, 2> kMatrix = {"Gemm", "MatMul"};
constexpr std::array<absl::string_view, 17> kShape = {
    "Cast",    "Concat", "Constant", "ConstantOfShape", "Dropout", "Expand",  "Flatten", "Gather",   "Identity",
    "Reshape", "Shape",  "Size",     "Slice",           "Split",   "Squeeze", "Tile",    "Transpose"};

template <size_t size>
bool Has(const std::array<absl::string_view, size>& list, const std::string& op) {
  return std::find(list.begin(), list.end(), absl::string_view(op)) != list.end();
}

NodeFamily FamilyOf(const std::string& op) {
  if (Has(kRecurrent, op)) return NodeFamily::kRecurrent;
  if (Has(kMatrix, op)) return NodeFamily::kMatrix;
  return Has(kShape, op) || op == "Unsqueeze" ? NodeFamily::kShape : NodeFamily::kArithmetic;
}

class Reporter {
 public:
  explicit Reporter(InspectReport* report) : report_(*report), is_used_(graph().tensors.size(), false) {
    for (const int tensor : graph().outputs) is_used_[tensor] = true;
    for (const GraphOutline::Node& node : graph().nodes) {
      for (const int tensor : node.inputs) {
        if (tensor >= 0) is_used_[tensor] = true;
      }
    }
  }

  void AddNodes() {
    for (size_t i = 0; i < graph().nodes.size(); ++i) report_.nodes.push_back(Report(static_cast<int>(i)));
  }

 private:
  GraphOutline& graph() { return report_.graph; }

  NodeReport Report(int number) {
    const GraphOutline::Node& node = graph().nodes[number];
    NodeReport out{.node = &node, .family = FamilyOf(node.op)};
    out.fate = FateOf(number);
    if (out.fate == NodeFate::kRefused) out.reason = ReasonOf(node);
    if (!node.is_supported) out.reason = "the operator is not supported";
    if (out.fate == NodeFate::kFolded) return out;
    out.in_shapes = Shapes(node.inputs);
    out.out_shapes = Shapes(node.outputs);
    for (const int input : node.inputs) out.parameters += ParametersOf(input);
    out.macs = MacsOf(out);
    return out;
  }

  NodeFate FateOf(int number) {
    const GraphOutline::Node& node = graph().nodes[number];
    if (number == graph().refused_node) return NodeFate::kRefused;
    if (!node.is_supported) return NodeFate::kUnsupported;
    if (IsFolded(node)) return NodeFate::kFolded;
    const bool is_known = std::any_of(node.outputs.begin(), node.outputs.end(), [&](int output) {
      return output >= 0 && graph().tensors[output].role != Role::kUnknown;
    });
    return report_.is_served() || is_known ? NodeFate::kServed : NodeFate::kUnknown;
  }

  // Where import never came, constants are what is computed of constants only.
  bool IsFolded(const GraphOutline::Node& node) {
    const auto is_constant = [&](int t) { return t < 0 || graph().tensors[t].role == Role::kConstant; };
    if (std::all_of(node.outputs.begin(), node.outputs.end(), is_constant)) return true;
    const auto is_known = [&](int t) { return t >= 0 && graph().tensors[t].role != Role::kUnknown; };
    if (std::any_of(node.outputs.begin(), node.outputs.end(), is_known)) return false;
    if (!std::all_of(node.inputs.begin(), node.inputs.end(), is_constant)) return false;
    for (const int output : node.outputs) {
      if (output >= 0) graph().tensors[output].role = Role::kConstant;
    }
    return true;
  }

  // The error without the file and the label that stand in front of it.
  std::string ReasonOf(const GraphOutline::Node& node) const {
    const size_t label = report_.error.find(absl::StrCat("node '", node.name, "' ("));
    const size_t end = label == std::string::npos ? label : report_.error.find("): ", label);
    return end == std::string::npos ? Shortened(report_.error, 200) : report_.error.substr(end + 3);
  }

  // Of what is used and no constant.
  std::vector<std::string> Shapes(const std::vector<int>& tensors) {
    std::vector<std::string> shapes;
    for (const int t : tensors) {
      if (shapes.size() == kMaxShapes) break;
      if (t < 0 || !is_used_[t] || graph().tensors[t].role == Role::kConstant) continue;
      if (!graph().tensors[t].shape.empty()) shapes.push_back(graph().tensors[t].shape);
    }
    return shapes;
  }

  int64_t ParametersOf(int tensor) {
    if (tensor < 0) return 0;
    const GraphOutline::Tensor& t = graph().tensors[tensor];
    return t.role == Role::kConstant && t.is_float && t.count > 1 ? t.count : 0;
  }

  int64_t MacsOf(const NodeReport& report) {
    const GraphOutline::Node& node = *report.node;
    const auto input = [&](size_t i) -> const GraphOutline::Tensor* {
      return i < node.inputs.size() && node.inputs[i] >= 0 ? &graph().tensors[node.inputs[i]] : nullptr;
    };
    if (report.family == NodeFamily::kRecurrent) {
      return (input(1) != nullptr ? input(1)->count : 0) + (input(2) != nullptr ? input(2)->count : 0);
    }
    if (report.family != NodeFamily::kMatrix || node.outputs.empty() || node.outputs[0] < 0) return 0;
    const GraphOutline::Tensor& out = graph().tensors[node.outputs[0]];
    if (out.sizes.empty() || input(0) == nullptr || input(1) == nullptr || input(0)->sizes.empty()) return 0;
    if (node.op == "MatMul") return out.count * std::max<int64_t>(input(0)->sizes.back(), 1);
    return out.count * (input(1)->count / std::max<int64_t>(out.sizes.back(), 1));
  }

  InspectReport& report_;
  std::vector<bool> is_used_;  // tensors: by a node, or as an output
};

// What an op adds to a step.
class Totaller {
 public:
  explicit Totaller(StepTotals* totals) : totals_(*totals) {}

  void operator()(const DenseOp& op) const {
    Multiply(op.matrix);
    Weigh(op.bias);
    totals_.flops += op.bias.empty() ? 0 : op.out.size;
  }
  void operator()(const RecurrentOp& op) const {
    Multiply(op.input_weights);
    Multiply(op.recurrent_weights);
    Weigh(op.input_bias);
    Weigh(op.recurrent_bias);
    Weigh(op.peepholes);
    totals_.flops += OpsOfUnit(op) * op.out.size;
  }
  void operator()(const BinaryOp& op) const { totals_.flops += op.out.size; }
  void operator()(const UnaryOp& op) const { totals_.flops += op.out.size; }
  void operator()(const ReduceOp& op) const { totals_.flops += op.in.size; }
  void operator()(const RepeatOp&) const {}
  void operator()(const CopyOp&) const {}
  void operator()(const StateReadOp&) const {}
  void operator()(const AccumulateOp& op) const { totals_.flops += op.in.size; }

 private:
  void Multiply(const Matrix& matrix) const {
    totals_.macs += static_cast<int64_t>(matrix.values.size());
    totals_.flops += 2 * static_cast<int64_t>(matrix.values.size());
    totals_.weight_bytes += WeightBytes(matrix);
  }
  void Weigh(const std::vector<float>& values) const {
    totals_.weight_bytes += static_cast<int64_t>(values.size() * sizeof(float));
  }
  // Beside the products, of each unit. GRU: 6 sums, 3 functions, reset, blend (3). LSTM: 8 sums, 5 functions, c' (3),
  // h', 6 for peepholes. RNN: 2 sums, a function.
  static int64_t OpsOfUnit(const RecurrentOp& op) {
    if (op.cell == CellKind::kGru) return 13;
    return op.cell == CellKind::kLstm ? (op.peepholes.empty() ? 17 : 23) : 3;
  }

  StepTotals& totals_;
};

// The programs of a model: its own, or its passes'.
std::vector<const Model*> ProgramsOf(const Model& model) {
  std::vector<const Model*> programs;
  for (const Pass& pass : model.passes) programs.push_back(pass.step.get());
  if (model.streams()) programs.push_back(&model);
  return programs;
}

}  // namespace

std::vector<const RecurrentOp*> LayersOf(const Model& model) {
  std::vector<const RecurrentOp*> layers;
  for (const Model* program : ProgramsOf(model)) {
    for (const Op& op : program->ops) {
      if (const auto* layer = std::get_if<RecurrentOp>(&op)) layers.push_back(layer);
    }
  }
  return layers;
}

StepTotals TotalsOf(const Model& model) {
  StepTotals totals;
  const Totaller add(&totals);
  for (const Model* program : ProgramsOf(model)) {
    for (const Op& op : program->ops) std::visit(add, op);
    totals.op_count += static_cast<int64_t>(program->ops.size());
    totals.frame_bytes += int64_t{program->frame_size} * static_cast<int64_t>(sizeof(float));
    // Constants stand in the frame already.
    for (const Model::Constant& constant : program->constants) {
      totals.weight_bytes += int64_t{constant.at.size} * static_cast<int64_t>(sizeof(float));
      totals.frame_bytes -= int64_t{constant.at.size} * static_cast<int64_t>(sizeof(float));
    }
  }
  totals.state_bytes = int64_t{model.state_size()} * static_cast<int64_t>(sizeof(float));
  return totals;
}

absl::StatusOr<std::unique_ptr<InspectReport>> Inspect(const ModelFile& file) {
  auto report = std::make_unique<InspectReport>();
  ImportTrace trace;
  absl::StatusOr<Model> model = ImportModelFile(file, &trace);
  absl::StatusOr<GraphOutline> graph = OutlineOnnx(file.bytes, trace);
  if (!graph.ok()) return model.ok() ? graph.status() : model.status();
  report->path = file.path;
  report->config_path = file.config_path;
  report->name = file.name;
  report->version = file.version;
  report->file_bytes = static_cast<int64_t>(file.bytes.size());
  report->graph = *std::move(graph);
  if (model.ok()) {
    report->model = *std::move(model);
    report->totals = TotalsOf(*report->model);
    report->accuracy = MeasureReferenceAccuracy(*report->model);
  } else {
    report->error = std::string(model.status().message());
  }
  Reporter(report.get()).AddNodes();
  return report;
}

std::string Shortened(const std::string& text, size_t limit) {
  if (text.size() <= limit) return text;
  const size_t head = (limit - 3) / 2, tail = limit - 3 - head;
  return absl::StrCat(text.substr(0, head), "...", text.substr(text.size() - tail));
}

}  // namespace recurd
