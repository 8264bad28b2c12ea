#pragma once

#include <string>

#include "absl/status/status.h"
#include "grpcpp/support/status.h"
#include "proto/recurd/v1/recurd.pb.h"
#include "server/engine/engine.h"
#include "server/session/state_image.h"

namespace recurd {

// Between the engine's types and the wire's.

// absl and gRPC share their code numbers.
grpc::Status ToGrpc(const absl::Status& status);

StateImage FromProto(const v1::State& state);
void ToProto(const StateImage& image, v1::State* state);

absl::StatusCode RefusalCode(Refusal refusal);
// When trying again makes sense; 0: no advice.
uint32_t RetryAfterMs(Refusal refusal);
// What was wrong with the chunk, the limit and the way out.
std::string RefusalText(const Chunk& chunk, const Model& model, const EngineOptions& options);
// The same for refusals that concern no chunk.
std::string RefusalText(Refusal refusal, const EngineOptions& options);

// Why a model that takes whole sequences only can't do more, and the way out.
std::string WholeSequenceText(const Model& model);

// Errors: INVALID_ARGUMENT for an output stride below 1 or an unknown outputs value.
absl::Status FromProto(const v1::Open& open, SessionOptions* options);

// A request that has just been received and that the engine has not seen, but for the state that it may carry. `out`
// points into `chunk`.
void FromProto(const v1::Chunk& chunk, int64_t received_ns, Chunk* out);

void DescribeModel(const ServedModel& served, const Pipeline& pipeline, v1::GetModelResponse* out);

}  // namespace recurd
