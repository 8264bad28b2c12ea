#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/recurctl/command.h"

namespace recurd {
namespace {

void Print(const char* label, const std::string& value) { absl::PrintF("%-14s %s\n", label, Printable(value)); }

void PrintTensors(const char* label, const google::protobuf::RepeatedPtrField<v1::GetModelResponse::Tensor>& tensors) {
  for (const auto& tensor : tensors) {
    Print(label,
          absl::StrFormat("%s [%s], floats %u to %u of a row%s", tensor.name(), absl::StrJoin(tensor.shape(), ", "),
                          tensor.row_offset(), tensor.row_offset() + tensor.row_size() - 1,
                          tensor.has_time_axis() ? "" : ", no time axis: counts after the last step"));
  }
}

void PrintPlacement(const v1::GetModelResponse::Placement& placement) {
  Print("placement", absl::StrFormat("%s: %u tiles, %u PLIOs, %.1f KiB", placement.mapping(), placement.tile_count(),
                                     placement.plio_count(), static_cast<double>(placement.memory_bytes()) / 1024));
  if (!placement.has_modelled()) return;
  const auto& time = placement.modelled();
  Print("modelled time", absl::StrCat("first step ", Duration(time.first_ns()), ", then ", Duration(time.steady_ns()),
                                      " a step, switch ", Duration(time.switch_ns())));
}

void PrintAccuracy(const v1::GetModelResponse::Accuracy& accuracy) {
  Print("accuracy",
        AccuracyText(accuracy.steps(), accuracy.largest_error(), accuracy.rms_error(), accuracy.rms_output()));
}

void PrintModel(const v1::GetModelResponse& model) {
  Print("model", absl::StrCat(model.name(), " version ", model.version(), ", fingerprint ", model.fingerprint()));
  Print("a step", absl::StrFormat("%u floats in, %u out, %u of state", model.input_size(), model.output_size(),
                                  model.state_size()));
  Print("streams", model.whole_sequence_reason().empty()
                       ? "yes"
                       : absl::StrCat("no: ", model.whole_sequence_reason(), "; use recurctl infer"));
  PrintTensors("input", model.inputs());
  PrintTensors("output", model.outputs());
  for (const auto& layer : model.layers()) {
    Print("layer", absl::StrFormat("%s %s: %u to %u%s", layer.name(), layer.kind(), layer.input_size(),
                                   layer.hidden_size(), layer.linear_before_reset() ? ", reset after the matrix" : ""));
  }
  for (const auto& state : model.states()) {
    Print("state",
          absl::StrFormat("%s: floats %u to %u", state.name(), state.offset(), state.offset() + state.size() - 1));
  }
  Print("parameters",
        absl::StrCat(model.parameter_count(), ", matrices ", model.weights(), ": ", model.weight_bytes(), " bytes"));
  Print("pipeline", model.pipeline());
  Print("numerics", model.numerics_profile());
  if (model.has_accuracy()) PrintAccuracy(model.accuracy());
  Print("step time", absl::StrCat(Duration(model.step_ns()), ", measured while warming"));
  if (model.has_placement()) PrintPlacement(model.placement());
}

}  // namespace

int RunModel(const std::vector<std::string>& arguments) {
  FlagSet flags("model NAME [flags]", "Shows one model: tensors, layers, parameters, step time, numerics, placement.");
  ServerFlags server;
  std::string name, version;
  bool json = false;
  flags.AddPositional("NAME", &name, true, "The model's name, as `recurctl models` lists it.");
  server.AddTo(&flags);
  flags.Add("version", &version, "The model's version; none: the newest served.");
  flags.Add("json", &json, "Print GetModelResponse as JSON.");
  if (const std::optional<int> code = flags.Parse(arguments)) return *code;

  const absl::StatusOr<Client> client = server.Connect();
  if (!client.ok()) return Fail(client.status());
  const auto model = client->GetModel(name, version);
  if (!model.ok()) return Fail(model.status());
  if (json) {
    absl::PrintF("%s\n", ToJson(*model));
  } else {
    PrintModel(*model);
  }
  return kExitOk;
}

}  // namespace recurd
