#include "server/rpc/kserve_models.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/rpc/kserve_parameters.h"
#include "server/rpc/kserve_tensors.h"

namespace recurd::kserve {
namespace {

constexpr char kPlatform[] = "recurd";

void DescribeTensor(const TensorSpec& spec, inference::ModelMetadataResponse::TensorMetadata* tensor) {
  tensor->set_name(spec.name);
  tensor->set_datatype("FP32");
  tensor->mutable_shape()->Assign(spec.shape.begin(), spec.shape.end());
}

template <typename Tensor>
void DescribeTensor(const TensorSpec& spec, Tensor* tensor) {
  tensor->set_name(spec.name);
  tensor->set_data_type(inference::TYPE_FP32);
  tensor->mutable_dims()->Assign(spec.shape.begin(), spec.shape.end());
}

std::string StateInputsText(const Model& model) {
  return absl::StrJoin(model.state_inputs, " ", [](std::string* out, const StateInputSpec& spec) {
    absl::StrAppend(out, spec.name, "[", absl::StrJoin(spec.shape, ","), "]");
  });
}

}  // namespace

std::string UnknownModelText(const Catalog& catalog, const std::string& name, const std::string& version) {
  std::string served;
  for (const auto& m : catalog.models()) {
    absl::StrAppend(&served, served.empty() ? "" : ", ", m->model->name, "/", m->model->version);
  }
  return absl::StrCat("Request for unknown model: '", Shown(name), "'",
                      version.empty() ? "" : absl::StrCat(" version ", Shown(version)),
                      " is not found; served are: ", served.empty() ? "none" : served);
}

std::string UnavailableReason(const Engine& engine) {
  if (engine.draining()) return "the server is shutting down";
  if (!engine.pipeline_up() && engine.fallback() == nullptr) return "the pipeline is being repaired";
  return "";
}

void DescribeMetadata(const Catalog& catalog, const Model& model, const std::string& version,
                      inference::ModelMetadataResponse* response) {
  response->set_name(model.name);
  for (const auto& m : catalog.models()) {
    const bool listed = version.empty() ? m->model->name == model.name : m->model.get() == &model;
    if (listed) response->add_versions(m->model->version);
  }
  response->set_platform(kPlatform);
  for (const TensorSpec& spec : model.inputs) DescribeTensor(spec, response->add_inputs());
  for (const TensorSpec& spec : model.outputs) DescribeTensor(spec, response->add_outputs());
}

void DescribeConfig(const Model& model, const EngineOptions& options, inference::ModelConfig* config) {
  config->set_name(model.name);
  config->set_platform(kPlatform);
  config->set_backend(kPlatform);
  config->set_default_model_filename("model.onnx");
  for (const TensorSpec& spec : model.inputs) DescribeTensor(spec, config->add_input());
  for (const TensorSpec& spec : model.outputs) DescribeTensor(spec, config->add_output());
  if (model.streams()) {
    auto* sequences = config->mutable_sequence_batching();
    sequences->set_max_sequence_idle_microseconds(static_cast<uint64_t>(options.idle_timeout_ns / 1000));
    sequences->mutable_direct();
  }
  config->mutable_model_transaction_policy()->set_decoupled(false);
  auto& parameters = *config->mutable_parameters();
  parameters["max_chunk_steps"].set_string_value(absl::StrCat(options.max_chunk_steps));
  if (!model.state_inputs.empty()) parameters["state_inputs"].set_string_value(StateInputsText(model));
  if (TakesBatches(model)) parameters["max_batch"].set_string_value(absl::StrCat(kMaxBatch));
}

}  // namespace recurd::kserve
