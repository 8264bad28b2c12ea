// A ModelInferRequest comes from a network: it must be refused with a reason, or be whole: as many finite values as its
// steps need, and an answer of as many as its outputs have. The corpus: requests as
// `protoc --encode=inference.ModelInferRequest proto/inference/grpc_predict_v2.proto` makes them.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "server/rpc/kserve_parameters.h"
#include "server/rpc/kserve_tensors.h"
#include "server/session/finite.h"

namespace {

constexpr int kMaxSteps = 8;

recurd::Model TwoInputs() {
  recurd::Model model;
  model.name = "two";
  model.input_size = 5;
  model.output_size = 4;
  model.inputs = {{.name = "a", .row = {0, 2}, .shape = {-1, 1, 2}, .batch_axis = 1},
                  {.name = "b", .row = {2, 3}, .shape = {1, 3, -1}, .batch_axis = 0}};
  model.outputs = {{.name = "y", .row = {0, 2}, .shape = {1, -1, 2}, .batch_axis = 0},
                   {.name = "h_n", .row = {1, 3}, .shape = {3, 1}, .has_time_axis = false, .batch_axis = 1}};
  model.initial_state = {0, 0, 0};
  model.states = {{.name = "h", .input_name = "h_0", .offset = 0, .size = 3}};
  model.state_inputs = {{.name = "h_0", .shape = {3, 1}, .batch_axis = 1}};
  model.length_inputs = {"lens"};
  return model;
}

void Require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const recurd::Model& model = *new recurd::Model(TwoInputs());
  inference::ModelInferRequest request;
  if (!request.ParseFromArray(data, static_cast<int>(size))) return 0;
  std::string why;
  recurd::kserve::Parameters parameters;
  if (recurd::kserve::ReadParameters(request, &parameters, &why) != recurd::Refusal::kNone) Require(!why.empty());

  why.clear();
  recurd::kserve::Tensors tensors;
  if (recurd::kserve::ReadTensors(request, model, kMaxSteps, &tensors, &why) != recurd::Refusal::kNone) {
    Require(!why.empty() && why.size() < 4096);
    return 0;
  }
  const auto steps = static_cast<size_t>(tensors.steps), batch = static_cast<size_t>(tensors.batch);
  Require(steps >= 1 && steps <= kMaxSteps && batch >= 1 && batch <= recurd::kserve::kMaxBatch);
  Require(tensors.rows.size() == batch * steps * 5 && !tensors.outputs.empty());
  Require(recurd::AllFinite(tensors.rows) && recurd::AllFinite(tensors.state));
  Require(tensors.state.empty() || tensors.state.size() == batch * 3);
  inference::ModelInferResponse response;
  const std::vector<float> rows(batch * (tensors.last_only ? 1 : steps) * 4);
  recurd::kserve::WriteOutputs(model, tensors, rows, &response);
  Require(static_cast<size_t>(response.raw_output_contents_size()) == tensors.outputs.size());
  return 0;
}
