#include "server/model/format/onnx_import.h"

#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
#include <unordered_map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/base/status_macros.h"
#include "server/model/format/batch_axes.h"
#include "server/model/format/finish_model.h"
#include "server/model/format/finish_passes.h"
#include "server/model/format/graph.h"
#include "server/model/format/lower.h"
#include "server/model/format/time_axis.h"
#include "server/model/validate.h"

namespace recurd {
namespace format {
namespace {

constexpr int64_t kMaxInputFeatures = 1 << 20;

// 64-bit FNV-1a, as 16 hexadecimal digits.
std::string Fingerprint(absl::string_view bytes) {
  uint64_t hash = 0xcbf29ce484222325;
  for (char c : bytes) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  return absl::StrFormat("%016x", hash);
}

struct GraphInputs {
  std::vector<TensorSpec> steps;
  std::vector<StateInputSpec> states;
};

// Defines a value for each graph input: one of the frame, or for initial states one of that input.
absl::Status DefineInputs(const Graph& graph, const TimeAxisGuess& guess, Lowering& lowering, GraphInputs& inputs) {
  for (size_t i = 0; i < graph.inputs.size(); ++i) {
    const Port& port = graph.inputs[i];
    Value value{.axes = {port.sizes, guess.time_axes[i]}};
    for (int axis = 0; axis < value.axes.rank(); ++axis) {
      int64_t& size = value.axes.sizes[axis];
      if (size == -1 || axis == value.axes.time) size = 1;
    }
    const int64_t count = value.axes.count();
    if (count > kMaxInputFeatures) {
      return absl::InvalidArgumentError(absl::StrCat("graph input '", port.name, "' has ", count,
                                                     " values a step; the limit is ", kMaxInputFeatures));
    }
    std::vector<int64_t> shape = value.axes.sizes;
    if (value.axes.has_time()) {
      TensorSpec spec{.name = port.name, .shape = std::move(shape)};
      spec.shape[value.axes.time] = -1;
      RECURD_ASSIGN_OR_RETURN(value, lowering.builder().NewValue(value.axes, 0, &spec.frame));
      inputs.steps.push_back(std::move(spec));
    } else {
      value.kind = Value::Kind::kStateInput;
      value.state_input = static_cast<int>(inputs.states.size());
      value.places.resize(count);
      std::iota(value.places.begin(), value.places.end(), 0);
      inputs.states.push_back({port.name, std::move(shape)});
    }
    RECURD_RETURN_IF_ERROR(lowering.Define(port.name, std::move(value)));
  }
  for (const Port& port : graph.length_inputs) {
    Elements steps = Elements::Integers();
    steps.Append(Dim{0, 1});
    Value value = ConstantValue(std::move(steps), std::vector<int64_t>(port.sizes.size(), 1));
    RECURD_RETURN_IF_ERROR(lowering.Define(port.name, std::move(value)));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<NamedValue>> CollectOutputs(const Graph& graph, Lowering& lowering) {
  std::vector<NamedValue> outputs;
  for (const std::string& name : graph.outputs) {
    const Value* value = lowering.Find(name);
    if (value == nullptr || value->kind == Value::Kind::kStateInput) {
      return absl::InvalidArgumentError(absl::StrCat("graph output '", name, "' is given by no served node"));
    }
    RECURD_RETURN_IF_ERROR(lowering.builder().Charge(value->axes.count()));
    absl::StatusOr<Value> computed = lowering.builder().Computed(*value);
    if (!computed.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("graph output '", name, "': ", computed.status().message()));
    }
    outputs.push_back({name, *std::move(computed)});
  }
  return outputs;
}

// The last node that reads each value; of the graph's outputs, one behind all nodes.
std::unordered_map<std::string, size_t> LastReaders(const Graph& graph) {
  std::unordered_map<std::string, size_t> readers;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    for (int j = 0; j < graph.nodes[i].input_count(); ++j) readers[graph.nodes[i].input(j)] = i;
  }
  for (const std::string& name : graph.outputs) readers[name] = graph.nodes.size();
  return readers;
}

// Imports the graph with its inputs read in one way. `node_count` tells how many nodes were understood.
// Errors: UNIMPLEMENTED if it must stream and can't.
absl::StatusOr<Model> Import(const Graph& graph, const TimeAxisGuess& guess, bool must_stream, size_t* node_count,
                             ImportTrace* trace) {
  Lowering lowering(guess.steps, 2 * graph.file_bytes + (int64_t{1} << 22), must_stream);
  GraphInputs inputs;
  for (const auto& [name, value] : graph.initializers) RECURD_RETURN_IF_ERROR(lowering.Define(name, value));
  RECURD_RETURN_IF_ERROR(DefineInputs(graph, guess, lowering, inputs));
  const std::unordered_map<std::string, size_t> last_readers = LastReaders(graph);
  for (const Node& node : graph.nodes) {
    if (absl::Status status = LowerNode(node, lowering); !status.ok()) {
      if (trace != nullptr) *trace = TraceOf(lowering, *node_count);
      return status;
    }
    // Weights that a node transposes would be held beside the layer's own to the end.
    for (int i = 0; trace == nullptr && i < node.input_count(); ++i) {
      if (last_readers.at(node.input(i)) == *node_count) lowering.Forget(node.input(i));
    }
    ++*node_count;
  }
  if (trace != nullptr) *trace = TraceOf(lowering, std::nullopt);
  RECURD_ASSIGN_OR_RETURN(const std::vector<NamedValue> outputs, CollectOutputs(graph, lowering));
  Builder& builder = lowering.builder();
  if (builder.passes().streams()) {
    return FinishModel(std::move(builder.program()), std::move(inputs.steps), outputs, std::move(inputs.states));
  }
  return FinishWholeSequenceModel(std::move(builder.program()), builder.passes(), std::move(inputs.steps), outputs,
                                  std::move(inputs.states));
}

// The import with the first guess that works. Otherwise the error of the one that came furthest; guesses that a
// recurrent node has proved wrong count last. `needs_whole_sequence` tells if one failed for having to stream.
absl::StatusOr<Model> ImportWithBestGuess(const Graph& graph, const std::vector<TimeAxisGuess>& guesses,
                                          bool must_stream, bool* needs_whole_sequence, ImportTrace* trace) {
  absl::Status best_error = absl::InvalidArgumentError("the graph's inputs have no axes that can all be time");
  std::pair<bool, size_t> best_rank = {false, 0};
  for (const TimeAxisGuess& guess : guesses) {
    size_t node_count = 0;
    ImportTrace this_trace;
    absl::StatusOr<Model> model =
        Import(graph, guess, must_stream, &node_count, trace == nullptr ? nullptr : &this_trace);
    *needs_whole_sequence |= absl::IsUnimplemented(model.status());
    const std::pair<bool, size_t> rank = {!absl::IsFailedPrecondition(model.status()), node_count + 1};
    if (trace != nullptr && (model.ok() || rank > best_rank)) *trace = std::move(this_trace);
    if (model.ok()) return model;
    if (rank > best_rank) {
      best_rank = rank;
      best_error = absl::InvalidArgumentError(model.status().message());
    }
  }
  return best_error;
}

// A model that streams if there is a way to read the inputs in which it does; else one of whole sequences.
absl::StatusOr<Model> ImportGraph(const Graph& graph, ImportTrace* trace) {
  const std::vector<TimeAxisGuess> guesses = GuessTimeAxes(graph, FindStateInputs(graph));
  bool needs_whole_sequence = false;
  absl::StatusOr<Model> model = ImportWithBestGuess(graph, guesses, true, &needs_whole_sequence, trace);
  if (!model.ok() && needs_whole_sequence) {
    model = ImportWithBestGuess(graph, guesses, false, &needs_whole_sequence, trace);
  }
  if (!model.ok()) return model;
  for (const Port& port : graph.length_inputs) model->length_inputs.push_back(port.name);
  FindBatchAxes(graph, &*model);
  return model;
}

}  // namespace
}  // namespace format

absl::StatusOr<Model> ImportOnnx(absl::string_view bytes, absl::string_view name, absl::string_view version,
                                 ImportTrace* trace) {
  const auto import = [&]() -> absl::StatusOr<Model> {
    RECURD_ASSIGN_OR_RETURN(const std::unique_ptr<format::Graph> graph, format::ParseGraph(bytes));
    RECURD_ASSIGN_OR_RETURN(Model model, format::ImportGraph(*graph, trace));
    RECURD_RETURN_IF_ERROR(ValidateModel(model));
    return model;
  };
  absl::StatusOr<Model> model = import();
  if (!model.ok()) return absl::InvalidArgumentError(format::Printable(model.status().message()));
  model->name = std::string(name);
  model->version = std::string(version);
  model->fingerprint = format::Fingerprint(bytes);
  return model;
}

}  // namespace recurd
