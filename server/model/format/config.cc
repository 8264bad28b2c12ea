#include "server/model/format/config.h"

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/base/status_macros.h"
#include "server/model/format/model_config.pb.h"
#include "server/model/weights.h"
#include "server/numeric/activation_form.h"
#include "server/numeric/narrow.h"

namespace recurd {
namespace {

// Keeps the first error of a parse.
class FirstError final : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, google::protobuf::io::ColumnNumber, const std::string& message) override {
    if (!text_.empty()) return;
    text_ = line < 0 ? message : absl::StrCat("line ", line + 1, ": ", message);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// A file's fields, and where they stand in it.
struct Parsed {
  config::ModelConfig config;
  google::protobuf::TextFormat::ParseInfoTree places;
};

absl::Status ParseText(absl::string_view text, Parsed* parsed) {
  if (static_cast<int64_t>(text.size()) > kMaxConfigFileBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("the file has ", text.size(), " bytes; the limit is ", kMaxConfigFileBytes));
  }
  FirstError error;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&error);
  parser.WriteLocationsTo(&parsed->places);
  if (!parser.ParseFromString(std::string(text), &parsed->config)) {
    const char* way_out = absl::StrContains(error.text(), "has no field named")
                              ? " Take it out: what isn't listed in deploy/models/repository.md has no meaning here; "
                                "sequences need no sequence_batching"
                              : "";
    return absl::InvalidArgumentError(absl::StrCat(error.text(), way_out));
  }
  return absl::OkStatus();
}

absl::Status CheckWord(absl::string_view field, absl::string_view found, absl::string_view expected) {
  if (found.empty() || found == expected) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(field, " is '", found, "'; served is '", expected, "'"));
}

absl::StatusOr<VersionPolicy> ReadPolicy(const config::VersionPolicy& parsed) {
  VersionPolicy policy;
  if (parsed.has_all()) policy.kind = VersionPolicy::Kind::kAll;
  if (parsed.has_latest()) {
    // Protobuf can't tell an absent number from 0; Triton takes both as 1.
    policy.count = std::max<int64_t>(parsed.latest().num_versions(), 1);
  }
  if (parsed.has_specific()) {
    policy.kind = VersionPolicy::Kind::kSpecific;
    policy.versions.assign(parsed.specific().versions().begin(), parsed.specific().versions().end());
    if (policy.versions.empty()) return absl::InvalidArgumentError("version_policy.specific names no version");
  }
  return policy;
}

// As much of a word as a message should hold.
absl::string_view Shown(absl::string_view word) { return word.substr(0, 64); }

absl::Status ReadActivation(const std::string& name, ModelConfig* config) {
  config->activation = FindActivationForm(name);
  if (config->activation) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "activation is '", Shown(name), "'; choose one of ",
      absl::StrJoin(ActivationForms(), ", ", [](std::string* out, const NamedForm& named) { *out += named.name; })));
}

absl::StatusOr<int64_t> ReadNumber(absl::string_view key, const std::string& text, int64_t low, int64_t high) {
  int64_t value = 0;
  if (absl::SimpleAtoi(text, &value) && value >= low && value <= high) return value;
  return absl::InvalidArgumentError(
      absl::StrCat(key, " is '", Shown(text), "'; give a whole number from ", low, " to ", high));
}

absl::Status ReadObjective(const std::string& text, ModelConfig* config) {
  RECURD_ASSIGN_OR_RETURN(const int64_t us, ReadNumber("latency_objective_us", text, 1, 60'000'000));
  config->serving.latency_objective_ns = us * 1000;
  return absl::OkStatus();
}

absl::Status ReadQuantum(const std::string& text, ModelConfig* config) {
  RECURD_ASSIGN_OR_RETURN(const int64_t us, ReadNumber("quantum_us", text, 10, 1'000'000));
  config->serving.quantum_ns = us * 1000;
  return absl::OkStatus();
}

absl::Status ReadWarmup(const std::string& text, ModelConfig* config) {
  RECURD_ASSIGN_OR_RETURN(const int64_t steps, ReadNumber("warmup_steps", text, 1, 4096));
  config->serving.warmup_steps = static_cast<int>(steps);
  return absl::OkStatus();
}

absl::Status ReadWeights(const std::string& name, ModelConfig* config) {
  const std::optional<WeightStorage> found = FindWeightStorage(name);
  if (!found) {
    return absl::InvalidArgumentError(absl::StrCat("weights is '", Shown(name), "'; choose one of fp32, bf16, int8"));
  }
  config->weights = *found;
  return absl::OkStatus();
}

struct KnownParameter {
  const char* key;
  absl::Status (*read)(const std::string& value, ModelConfig* config);
};
constexpr KnownParameter kParameters[] = {{"activation", &ReadActivation},
                                          {"latency_objective_us", &ReadObjective},
                                          {"quantum_us", &ReadQuantum},
                                          {"warmup_steps", &ReadWarmup},
                                          {"weights", &ReadWeights}};

absl::Status ReadParameter(const config::Parameter& parameter, ModelConfig* config) {
  for (const KnownParameter& known : kParameters) {
    if (parameter.key() == known.key) return known.read(parameter.value().string_value(), config);
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "no key is called '", Shown(parameter.key()), "'; known are ",
      absl::StrJoin(kParameters, ", ", [](std::string* out, const KnownParameter& known) { *out += known.key; })));
}

absl::Status ReadParameters(const Parsed& parsed, ModelConfig* config) {
  const auto* field = config::ModelConfig::descriptor()->FindFieldByNumber(config::ModelConfig::kParametersFieldNumber);
  std::set<std::string> keys;
  for (int i = 0; i < parsed.config.parameters_size(); ++i) {
    const config::Parameter& parameter = parsed.config.parameters(i);
    absl::Status status = ReadParameter(parameter, config);
    if (status.ok() && !keys.insert(parameter.key()).second) {
      status = absl::InvalidArgumentError(absl::StrCat("the key '", parameter.key(), "' stands twice"));
    }
    if (status.ok()) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("line ", parsed.places.GetLocation(field, i).line + 1, ": parameters: ", status.message()));
  }
  return absl::OkStatus();
}

std::vector<TensorConfig> ReadTensors(const google::protobuf::RepeatedPtrField<config::Tensor>& parsed) {
  std::vector<TensorConfig> tensors;
  for (const config::Tensor& tensor : parsed) {
    tensors.push_back({tensor.name(), config::DataType_Name(tensor.data_type()),
                       std::vector<int64_t>(tensor.dims().begin(), tensor.dims().end())});
  }
  return tensors;
}

std::string Text(const std::vector<int64_t>& dims) { return absl::StrCat("[", absl::StrJoin(dims, ","), "]"); }

// A dynamic batch is 1 in the model and may be -1 in the configuration.
bool SameDims(const std::vector<int64_t>& given, const std::vector<int64_t>& shape) {
  return std::equal(given.begin(), given.end(), shape.begin(), shape.end(),
                    [](int64_t dim, int64_t size) { return dim == size || (dim == -1 && size == 1); });
}

struct NamedShape {
  std::string name;
  std::vector<int64_t> shape;
  bool is_required = true;
};

absl::Status CheckTensor(absl::string_view kind, const TensorConfig& tensor, const NamedShape& found,
                         int max_batch_size) {
  const std::string label = absl::StrCat(kind, " '", tensor.name, "'");
  if (tensor.data_type != "TYPE_FP32") {
    return absl::InvalidArgumentError(
        absl::StrCat(label, " has data_type ", tensor.data_type, "; served is TYPE_FP32"));
  }
  std::vector<int64_t> dims = tensor.dims;
  if (max_batch_size > 0) dims.insert(dims.begin(), 1);
  if (SameDims(dims, found.shape)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(label, " has dims ", Text(tensor.dims), " with max_batch_size ",
                                                 max_batch_size, "; the graph's shape is ", Text(found.shape)));
}

absl::Status CheckTensors(absl::string_view kind, const std::vector<TensorConfig>& tensors,
                          const std::vector<NamedShape>& graph, int max_batch_size) {
  const auto name_of = [](std::string* out, const auto& tensor) { absl::StrAppend(out, "'", tensor.name, "'"); };
  for (const TensorConfig& tensor : tensors) {
    const auto found =
        std::find_if(graph.begin(), graph.end(), [&](const NamedShape& port) { return port.name == tensor.name; });
    if (found == graph.end()) {
      return absl::InvalidArgumentError(absl::StrCat("the graph has no ", kind, " '", tensor.name, "'; it has ",
                                                     absl::StrJoin(graph, ", ", name_of)));
    }
    RECURD_RETURN_IF_ERROR(CheckTensor(kind, tensor, *found, max_batch_size));
  }
  for (const NamedShape& port : graph) {
    const bool is_listed = std::any_of(tensors.begin(), tensors.end(),
                                       [&](const TensorConfig& tensor) { return tensor.name == port.name; });
    if (tensors.empty() || is_listed || !port.is_required) continue;
    return absl::InvalidArgumentError(absl::StrCat("the graph's ", kind, " '", port.name, "' is missing; listed are ",
                                                   absl::StrJoin(tensors, ", ", name_of)));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ModelConfig> ParseModelConfig(absl::string_view text) {
  Parsed file;
  RECURD_RETURN_IF_ERROR(ParseText(text, &file));
  const config::ModelConfig& parsed = file.config;
  RECURD_RETURN_IF_ERROR(CheckWord("platform", parsed.platform(), "onnxruntime_onnx"));
  RECURD_RETURN_IF_ERROR(CheckWord("backend", parsed.backend(), "onnxruntime"));
  if (parsed.max_batch_size() < 0 || parsed.max_batch_size() > 1) {
    return absl::InvalidArgumentError(absl::StrCat("max_batch_size is ", parsed.max_batch_size(),
                                                   "; sessions are served one by one: expected 0 or 1"));
  }
  ModelConfig config;
  config.name = parsed.name();
  config.max_batch_size = parsed.max_batch_size();
  config.inputs = ReadTensors(parsed.input());
  config.outputs = ReadTensors(parsed.output());
  RECURD_ASSIGN_OR_RETURN(config.version_policy, ReadPolicy(parsed.version_policy()));
  RECURD_RETURN_IF_ERROR(ReadParameters(file, &config));
  return config;
}

absl::Status ApplyModelConfig(const ModelConfig& config, Model* model) {
  RECURD_RETURN_IF_ERROR(CheckWord("name", config.name, model->name));
  std::vector<NamedShape> inputs, outputs;
  for (const TensorSpec& input : model->inputs) inputs.push_back({input.name, input.shape});
  for (const StateInputSpec& input : model->state_inputs) inputs.push_back({input.name, input.shape, false});
  for (const TensorSpec& output : model->outputs) outputs.push_back({output.name, output.shape});
  RECURD_RETURN_IF_ERROR(CheckTensors("input", config.inputs, inputs, config.max_batch_size));
  RECURD_RETURN_IF_ERROR(CheckTensors("output", config.outputs, outputs, config.max_batch_size));
  RECURD_RETURN_IF_ERROR(StoreWeights(config.weights, model));
  model->activation = config.activation;
  model->serving = config.serving;
  return absl::OkStatus();
}

}  // namespace recurd
