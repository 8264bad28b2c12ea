#pragma once

#include <string>
#include <vector>

#include "absl/types/span.h"
#include "proto/inference/grpc_predict_v2.pb.h"
#include "server/engine/metrics.h"
#include "server/model/model.h"

namespace recurd::kserve {

// The tensors of a request in the engine's form. Reused from request to request: allocates only to grow.
struct Tensors {
  int batch = 1;  // sequences, all as long
  int steps = 0;
  std::vector<float> rows;   // [batch][steps][input_size]
  std::vector<float> state;  // [batch][state_size], to begin with, if the request has state inputs; else empty
  std::vector<int> outputs;  // which of the model's outputs are wanted, in the answer's order
  bool last_only = false;    // none of them has a time axis
};

// Sequences in a request.
inline constexpr int kMaxBatch = 1024;

// Whether all the model's tensors have an axis for it.
bool TakesBatches(const Model& model);

// Checks all that the request says about tensors against the model, and every bound before it allocates; then copies.
// Refusal::kNone, or why not, with the reason in *why: kMalformed, kWrongLength, kTooManySteps, kNotFinite or
// kUnsupported. `tensors` are of no use then. Threads: any.
Refusal ReadTensors(const inference::ModelInferRequest& request, const Model& model, int max_steps, Tensors* tensors,
                    std::string* why);

// Adds the wanted outputs to `response`. rows: [batch][T][output_size] with T the request's steps, or
// [batch][1][output_size], the last step's, where only that was computed.
void WriteOutputs(const Model& model, const Tensors& tensors, absl::Span<const float> rows,
                  inference::ModelInferResponse* response);

}  // namespace recurd::kserve
