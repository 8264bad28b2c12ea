#include "server/model/format/outline.h"

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/base/status_macros.h"
#include "server/model/format/graph.h"
#include "server/model/format/lower.h"
#include "server/model/format/onnx_import.h"

namespace recurd {
namespace format {
namespace {

// A file of names could make an outline many times its size: what is behind these is left out.
constexpr size_t kMaxTensorCount = 1 << 20;
constexpr int kMaxNodeValues = 1 << 14;

std::string TypeName(int type) {
  if (type == onnx::TensorProto::UNDEFINED || !onnx::TensorProto::DataType_IsValid(type)) return "";
  return onnx::TensorProto::DataType_Name(static_cast<onnx::TensorProto::DataType>(type));
}

std::string DeclaredShape(const onnx::TensorShapeProto& shape) {
  constexpr int kMaxShown = 16;
  std::vector<std::string> axes;
  for (int i = 0; i < std::min(shape.dim_size(), kMaxShown); ++i) {
    const auto& dim = shape.dim(i);
    axes.push_back(dim.has_dim_value()       ? absl::StrCat(dim.dim_value())
                   : dim.dim_param().empty() ? "?"
                                             : Printable(dim.dim_param()).substr(0, 32));
  }
  if (shape.dim_size() > kMaxShown) axes.push_back("...");
  return absl::StrCat("[", absl::StrJoin(axes, ","), "]");
}

GraphOutline::Role RoleOf(TracedTensor::Role role) {
  switch (role) {
    case TracedTensor::Role::kConstant:
      return GraphOutline::Role::kConstant;
    case TracedTensor::Role::kEachStep:
      return GraphOutline::Role::kEachStep;
    case TracedTensor::Role::kLastStep:
      return GraphOutline::Role::kLastStep;
    case TracedTensor::Role::kState:
      return GraphOutline::Role::kState;
  }
  return GraphOutline::Role::kUnknown;
}

std::string ShapeText(const std::vector<int64_t>& sizes) {
  return absl::StrCat("[",
                      absl::StrJoin(sizes, ",",
                                    [](std::string* out, int64_t size) {
                                      size < 0 ? absl::StrAppend(out, "T") : absl::StrAppend(out, size);
                                    }),
                      "]");
}

class Outliner {
 public:
  explicit Outliner(const ImportTrace& trace) : trace_(trace) {}

  GraphOutline Outline(const onnx::ModelProto& model) {
    const onnx::GraphProto& graph = model.graph();
    for (const onnx::OperatorSetIdProto& entry : model.opset_import()) {
      if (entry.domain().empty() || entry.domain() == "ai.onnx") out_.opset = entry.version();
    }
    out_.ir_version = model.ir_version();
    out_.producer = Printable(
        absl::StrCat(model.producer_name(), model.producer_version().empty() ? "" : " ", model.producer_version()));
    out_.name = Printable(graph.name());
    AddInitializers(graph);
    const int initializer_count = static_cast<int>(out_.tensors.size());
    for (const auto& info : graph.value_info()) {
      if (!IsFull()) Declare(info);
    }
    for (const auto& info : graph.input()) {
      if (IsFull()) break;
      const int tensor = Declare(info);
      if (tensor >= initializer_count) out_.inputs.push_back(tensor);
    }
    for (const auto& info : graph.output()) {
      if (!IsFull()) out_.outputs.push_back(Declare(info));
    }
    AddNodes(graph);
    if (trace_.refused_node && *trace_.refused_node < out_.nodes.size()) {
      out_.refused_node = static_cast<int>(*trace_.refused_node);
    }
    return std::move(out_);
  }

 private:
  int TensorOf(const std::string& name) {
    const auto [entry, is_new] = numbers_.emplace(name, static_cast<int>(out_.tensors.size()));
    if (!is_new) return entry->second;
    GraphOutline::Tensor tensor{.name = Printable(name)};
    if (const auto traced = trace_.tensors.find(name); traced != trace_.tensors.end()) {
      tensor.role = RoleOf(traced->second.role);
      tensor.sizes = traced->second.sizes;
      tensor.shape = ShapeText(tensor.sizes);
      tensor.count = traced->second.count;
      tensor.is_float = traced->second.is_float;
    }
    out_.tensors.push_back(std::move(tensor));
    return entry->second;
  }

  bool IsFull() const { return out_.tensors.size() >= kMaxTensorCount; }

  template <typename Names>
  std::vector<int> TensorsOf(const Names& names) {
    std::vector<int> tensors;
    for (int i = 0; i < std::min(names.size(), kMaxNodeValues); ++i) {
      tensors.push_back(names.Get(i).empty() ? -1 : TensorOf(names.Get(i)));
    }
    return tensors;
  }

  int Declare(const onnx::ValueInfoProto& info) {
    const int number = TensorOf(info.name());
    const onnx::TypeProto::Tensor& type = info.type().tensor_type();
    GraphOutline::Tensor& tensor = out_.tensors[number];
    tensor.type = TypeName(type.elem_type());
    if (tensor.shape.empty() && type.has_shape()) tensor.shape = DeclaredShape(type.shape());
    return number;
  }

  void AddInitializers(const onnx::GraphProto& graph) {
    out_.initializer_count = graph.initializer_size();
    for (const onnx::TensorProto& initializer : graph.initializer()) {
      out_.initializer_bytes += static_cast<int64_t>(initializer.ByteSizeLong());
      if (IsFull()) continue;
      GraphOutline::Tensor& tensor = out_.tensors[TensorOf(initializer.name())];
      tensor.role = GraphOutline::Role::kConstant;
      tensor.type = TypeName(initializer.data_type());
      if (!tensor.shape.empty() || initializer.dims_size() > kMaxRank) continue;
      tensor.shape = absl::StrCat("[", absl::StrJoin(initializer.dims(), ","), "]");
    }
  }

  void AddNodes(const onnx::GraphProto& graph) {
    out_.node_count = graph.node_size();
    for (int i = 0; i < std::min(graph.node_size(), kMaxNodeCount) && !IsFull(); ++i) AddNode(graph.node(i));
  }

  void AddNode(const onnx::NodeProto& proto) {
    const Node node(proto, static_cast<int>(std::clamp<int64_t>(out_.opset, kMinOpset, kMaxOpset)));
    GraphOutline::Node entry{.name = node.Name(), .op = Printable(node.op()), .domain = Printable(node.domain())};
    entry.inputs = TensorsOf(proto.input());
    entry.outputs = TensorsOf(proto.output());
    entry.is_supported = IsSupported(node);
    if (entry.op == "GRU" || entry.op == "LSTM" || entry.op == "RNN") AddLayer(node, entry);
    out_.nodes.push_back(std::move(entry));
  }

  // Attributes of the wrong type are import's to refuse.
  static void AddLayer(const Node& node, GraphOutline::Node& entry) {
    entry.direction = Printable(node.String("direction", "forward").value_or("?"));
    entry.hidden_size = node.Int("hidden_size", 0).value_or(0);
    entry.linear_before_reset = node.Int("linear_before_reset", 0).value_or(0) != 0;
    for (const std::string& name : node.Strings("activations").value_or(std::vector<std::string>())) {
      if (entry.activations.size() < 6) entry.activations.push_back(Printable(name).substr(0, 32));
    }
    if (!entry.activations.empty()) return;
    if (entry.op == "GRU") entry.activations = {"Sigmoid", "Tanh"};
    if (entry.op == "LSTM") entry.activations = {"Sigmoid", "Tanh", "Tanh"};
    if (entry.op == "RNN") entry.activations = {"Tanh"};
  }

  const ImportTrace& trace_;
  GraphOutline out_;
  std::unordered_map<std::string, int> numbers_;
};

}  // namespace
}  // namespace format

absl::StatusOr<GraphOutline> OutlineOnnx(absl::string_view bytes, const ImportTrace& trace) {
  onnx::ModelProto model;
  if (static_cast<int64_t>(bytes.size()) > kMaxOnnxFileBytes ||
      !model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) || !model.has_graph()) {
    return absl::InvalidArgumentError(absl::StrCat("the file (", bytes.size(), " bytes) is no ONNX model"));
  }
  return format::Outliner(trace).Outline(model);
}

}  // namespace recurd
