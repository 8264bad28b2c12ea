#include "server/model/format/graph.h"

#include <algorithm>
#include <memory>
#include <unordered_set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/model/format/onnx_import.h"
#include "server/model/format/tensor_reader.h"

namespace recurd::format {

using onnx::AttributeProto;

std::string Printable(absl::string_view text) {
  constexpr size_t kMaxLength = 1024;
  std::string out(text.substr(0, kMaxLength));
  std::replace_if(
      out.begin(), out.end(), [](char c) { return !absl::ascii_isprint(c); }, '?');
  return out;
}

Node::Node(const onnx::NodeProto& proto, int opset)
    : proto_(proto), opset_(opset), asked_for_(proto.attribute_size(), false) {}

std::string Node::Name() const { return Printable(proto_.name().empty() ? output(0) : proto_.name()); }

std::string Node::Label() const {
  const bool is_named = !proto_.name().empty();
  return absl::StrCat("node '", Name(), "' (", is_named ? "" : "unnamed ", op(), ")");
}

const AttributeProto* Node::Find(absl::string_view name) const {
  for (int i = 0; i < proto_.attribute_size(); ++i) {
    if (proto_.attribute(i).name() != name) continue;
    asked_for_[i] = true;
    return &proto_.attribute(i);
  }
  return nullptr;
}

absl::StatusOr<const AttributeProto*> Node::Find(absl::string_view name, AttributeProto::AttributeType type) const {
  const AttributeProto* attribute = Find(name);
  if (attribute == nullptr || attribute->type() == type) return attribute;
  return absl::InvalidArgumentError(absl::StrCat("attribute '", name, "' has type ", attribute->type(), ", not ",
                                                 AttributeProto::AttributeType_Name(type)));
}

absl::StatusOr<int64_t> Node::Int(absl::string_view name, int64_t otherwise) const {
  RECURD_ASSIGN_OR_RETURN(const AttributeProto* found, Find(name, AttributeProto::INT));
  return found ? found->i() : otherwise;
}

absl::StatusOr<float> Node::Float(absl::string_view name, float otherwise) const {
  RECURD_ASSIGN_OR_RETURN(const AttributeProto* found, Find(name, AttributeProto::FLOAT));
  return found ? found->f() : otherwise;
}

absl::StatusOr<std::string> Node::String(absl::string_view name, absl::string_view otherwise) const {
  RECURD_ASSIGN_OR_RETURN(const AttributeProto* found, Find(name, AttributeProto::STRING));
  return found ? found->s() : std::string(otherwise);
}

absl::StatusOr<std::vector<int64_t>> Node::Ints(absl::string_view name) const {
  RECURD_ASSIGN_OR_RETURN(const AttributeProto* found, Find(name, AttributeProto::INTS));
  if (found == nullptr) return std::vector<int64_t>();
  return std::vector<int64_t>(found->ints().begin(), found->ints().end());
}

absl::StatusOr<std::vector<float>> Node::Floats(absl::string_view name) const {
  RECURD_ASSIGN_OR_RETURN(const AttributeProto* found, Find(name, AttributeProto::FLOATS));
  if (found == nullptr) return std::vector<float>();
  return std::vector<float>(found->floats().begin(), found->floats().end());
}

absl::StatusOr<std::vector<std::string>> Node::Strings(absl::string_view name) const {
  RECURD_ASSIGN_OR_RETURN(const AttributeProto* found, Find(name, AttributeProto::STRINGS));
  if (found == nullptr) return std::vector<std::string>();
  return std::vector<std::string>(found->strings().begin(), found->strings().end());
}

absl::StatusOr<Value> Node::Tensor(absl::string_view name) const {
  RECURD_ASSIGN_OR_RETURN(const AttributeProto* found, Find(name, AttributeProto::TENSOR));
  if (found == nullptr) return absl::InvalidArgumentError(absl::StrCat("attribute '", name, "' is missing"));
  return ReadTensor(found->t());
}

absl::Status Node::CheckAttributes() const {
  for (int i = 0; i < proto_.attribute_size(); ++i) {
    if (asked_for_[i]) continue;
    return absl::InvalidArgumentError(absl::StrCat("attribute '", proto_.attribute(i).name(), "' is not supported"));
  }
  return absl::OkStatus();
}

namespace {

absl::StatusOr<int> ReadOpset(const onnx::ModelProto& model) {
  int64_t opset = 0;
  for (const onnx::OperatorSetIdProto& entry : model.opset_import()) {
    if (entry.domain().empty() || entry.domain() == "ai.onnx") opset = entry.version();
  }
  if (opset >= kMinOpset && opset <= kMaxOpset) return static_cast<int>(opset);
  return absl::InvalidArgumentError(absl::StrCat("the file uses ONNX opset ", opset, "; known are ", kMinOpset, " to ",
                                                 kMaxOpset, ": export it with opset_version=17"));
}

// Names of inputs and outputs are what clients write, and travel in fields that must be UTF-8.
absl::Status CheckPortName(absl::string_view kind, const std::string& name) {
  constexpr size_t kMaxLength = 256;
  if (!name.empty() && name.size() <= kMaxLength && name == Printable(name)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("graph ", kind, " '", name, "' needs a name of 1 to ", kMaxLength, " printable ASCII characters"));
}

absl::StatusOr<Port> ReadInput(const onnx::ValueInfoProto& info) {
  const auto error = [&](const auto&... reason) {
    return absl::InvalidArgumentError(absl::StrCat("graph input '", info.name(), "' ", reason...));
  };
  const onnx::TypeProto::Tensor& type = info.type().tensor_type();
  if (type.elem_type() != onnx::TensorProto::FLOAT) {
    return error("is of element type ",
                 onnx::TensorProto::DataType_IsValid(type.elem_type())
                     ? onnx::TensorProto::DataType_Name(static_cast<onnx::TensorProto::DataType>(type.elem_type()))
                     : "unknown",
                 "; only FLOAT inputs are served");
  }
  if (!type.has_shape()) return error("has no shape");
  if (type.shape().dim_size() > kMaxRank)
    return error("has ", type.shape().dim_size(), " axes; the limit is ", kMaxRank);
  Port port{info.name(), {}};
  for (const auto& dim : type.shape().dim()) {
    if (dim.has_dim_value() && dim.dim_value() == 0) return error("has an axis of size 0");
    port.sizes.push_back(dim.has_dim_value() && dim.dim_value() > 0 ? dim.dim_value() : -1);
  }
  return port;
}

absl::Status ReadGraph(Graph& graph) {
  const onnx::GraphProto& proto = graph.proto.graph();
  RECURD_ASSIGN_OR_RETURN(const int opset, ReadOpset(graph.proto));
  if (proto.node_size() > kMaxNodeCount) {
    return absl::InvalidArgumentError(
        absl::StrCat("the graph has ", proto.node_size(), " nodes; the limit is ", kMaxNodeCount));
  }
  if (proto.sparse_initializer_size() > 0) return absl::InvalidArgumentError("sparse initializers are not supported");
  for (const onnx::TensorProto& tensor : proto.initializer()) {
    RECURD_ASSIGN_OR_RETURN(Value value, ReadTensor(tensor));
    graph.initializers[tensor.name()] = std::move(value);
  }
  for (const onnx::ValueInfoProto& info : proto.input()) {
    if (graph.initializers.count(info.name()) > 0) continue;
    RECURD_RETURN_IF_ERROR(CheckPortName("input", info.name()));
    RECURD_ASSIGN_OR_RETURN(Port port, ReadInput(info));
    graph.inputs.push_back(std::move(port));
  }
  std::unordered_set<std::string> output_names;
  for (const onnx::ValueInfoProto& info : proto.output()) {
    RECURD_RETURN_IF_ERROR(CheckPortName("output", info.name()));
    if (!output_names.insert(info.name()).second) {
      return absl::InvalidArgumentError(absl::StrCat("graph output '", info.name(), "' is listed twice"));
    }
    graph.outputs.push_back(info.name());
  }
  for (const onnx::NodeProto& node : proto.node()) graph.nodes.emplace_back(node, opset);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Graph>> ParseGraph(absl::string_view bytes) {
  auto graph = std::make_unique<Graph>();
  graph->file_bytes = static_cast<int64_t>(bytes.size());
  if (graph->file_bytes > kMaxOnnxFileBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("the file has ", bytes.size(), " bytes; the limit is ", kMaxOnnxFileBytes));
  }
  if (!graph->proto.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) || !graph->proto.has_graph()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the file (", bytes.size(), " bytes) is no ONNX model, or is cut short or damaged"));
  }
  RECURD_RETURN_IF_ERROR(ReadGraph(*graph));
  return graph;
}

}  // namespace recurd::format
