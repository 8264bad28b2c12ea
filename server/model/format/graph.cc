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

std::string Node::Name() const {
  if (!proto_.name().empty()) return Printable(proto_.name());
  const auto named =
      std::find_if(proto_.output().begin(), proto_.output().end(), [](const auto& o) { return !o.empty(); });
  return named == proto_.output().end() ? "" : Printable(*named);
}

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

bool IsInteger(const onnx::ValueInfoProto& info) {
  const auto type = info.type().tensor_type().elem_type();
  return type == onnx::TensorProto::INT32 || type == onnx::TensorProto::INT64;
}

// The names that something else than the lengths of recurrent nodes' sequences depends on.
std::unordered_set<std::string> NamesUsedOtherwise(const onnx::GraphProto& graph) {
  std::unordered_set<std::string> names;
  for (const onnx::ValueInfoProto& info : graph.output()) names.insert(info.name());
  for (int i = graph.node_size(); i-- > 0;) {  // a file lists nodes behind what they depend on
    const onnx::NodeProto& node = graph.node(i);
    const bool is_recurrent = node.op_type() == "GRU" || node.op_type() == "LSTM" || node.op_type() == "RNN";
    const bool hands_on = (node.op_type() == "Cast" || node.op_type() == "Identity") && node.output_size() == 1 &&
                          names.count(node.output(0)) == 0;
    for (int j = 0; j < node.input_size(); ++j) {
      if (!hands_on && !(is_recurrent && j == 4)) names.insert(node.input(j));
    }
  }
  return names;
}

absl::StatusOr<Port> ReadInput(const onnx::ValueInfoProto& info, bool is_length) {
  const auto error = [&](const auto&... reason) {
    return absl::InvalidArgumentError(absl::StrCat("graph input '", info.name(), "' ", reason...));
  };
  const onnx::TypeProto::Tensor& type = info.type().tensor_type();
  if (!is_length && type.elem_type() != onnx::TensorProto::FLOAT) {
    return error("is of element type ",
                 onnx::TensorProto::DataType_IsValid(type.elem_type())
                     ? onnx::TensorProto::DataType_Name(static_cast<onnx::TensorProto::DataType>(type.elem_type()))
                     : "unknown",
                 "; only FLOAT inputs are served, and integers that are sequence_lens of recurrent nodes alone");
  }
  if (!type.has_shape()) return error("has no shape");
  if (type.shape().dim_size() > kMaxRank)
    return error("has ", type.shape().dim_size(), " axes; the limit is ", kMaxRank);
  Port port{info.name(), {}};
  for (const auto& dim : type.shape().dim()) {
    if (dim.has_dim_value() && dim.dim_value() == 0) return error("has an axis of size 0");
    port.sizes.push_back(dim.has_dim_value() && dim.dim_value() > 0 ? dim.dim_value() : -1);
  }
  const auto is_one = [](int64_t size) { return size == -1 || size == 1; };
  if (is_length && !std::all_of(port.sizes.begin(), port.sizes.end(), is_one)) {
    return error("gives the lengths of several sequences; export with batch 1 or a dynamic batch");
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
  const std::unordered_set<std::string> used_otherwise = NamesUsedOtherwise(proto);
  for (const onnx::ValueInfoProto& info : proto.input()) {
    if (graph.initializers.count(info.name()) > 0) continue;
    RECURD_RETURN_IF_ERROR(CheckPortName("input", info.name()));
    const bool is_length = IsInteger(info) && used_otherwise.count(info.name()) == 0;
    RECURD_ASSIGN_OR_RETURN(Port port, ReadInput(info, is_length));
    (is_length ? graph.length_inputs : graph.inputs).push_back(std::move(port));
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
