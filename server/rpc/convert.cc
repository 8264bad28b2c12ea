#include "server/rpc/convert.h"

#include <algorithm>
#include <variant>

#include "absl/strings/str_cat.h"
#include "server/model/weights.h"
#include "server/numeric/narrow.h"

namespace recurd {
namespace {

const char* CellName(CellKind kind) {
  switch (kind) {
    case CellKind::kGru:
      return "GRU";
    case CellKind::kLstm:
      return "LSTM";
    case CellKind::kRnn:
      return "RNN";
  }
  return "";
}

void DescribeTensor(const TensorSpec& spec, v1::GetModelResponse::Tensor* out) {
  out->set_name(spec.name);
  out->mutable_shape()->Assign(spec.shape.begin(), spec.shape.end());
  out->set_row_offset(static_cast<uint32_t>(spec.row.offset));
  out->set_row_size(static_cast<uint32_t>(spec.row.size));
  out->set_has_time_axis(spec.has_time_axis);
}

void DescribeLayer(const RecurrentOp& op, v1::GetModelResponse::Layer* out) {
  out->set_name(op.name);
  out->set_kind(CellName(op.cell));
  out->set_input_size(static_cast<uint32_t>(op.in.size));
  out->set_hidden_size(static_cast<uint32_t>(op.out.size));
  out->set_linear_before_reset(op.linear_before_reset);
}

void DescribeAccuracy(const Accuracy& accuracy, v1::GetModelResponse::Accuracy* out) {
  out->set_steps(static_cast<uint32_t>(accuracy.steps));
  out->set_largest_error(accuracy.largest_error);
  out->set_rms_error(accuracy.rms_error);
  out->set_rms_output(accuracy.rms_output);
}

void DescribePlacement(const Placement& placement, v1::GetModelResponse::Placement* out) {
  out->set_mapping(placement.mapping);
  out->set_tile_count(static_cast<uint32_t>(placement.tile_count));
  out->set_plio_count(static_cast<uint32_t>(placement.plio_count));
  out->set_memory_bytes(static_cast<uint64_t>(placement.memory_bytes));
  out->mutable_modelled()->set_first_ns(placement.modelled.first_ns);
  out->mutable_modelled()->set_steady_ns(placement.modelled.steady_ns);
  out->mutable_modelled()->set_switch_ns(placement.modelled.switch_ns);
}

size_t RowBytes(const Model& model) { return static_cast<size_t>(model.row_size) * sizeof(float); }

void DescribeLayers(const Model& model, v1::GetModelResponse* out) {
  for (const Op& op : model.ops) {
    if (const auto* layer = std::get_if<RecurrentOp>(&op)) DescribeLayer(*layer, out->add_layers());
  }
  for (const Pass& pass : model.passes) DescribeLayers(*pass.step, out);
}

}  // namespace

grpc::Status ToGrpc(const absl::Status& status) {
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), std::string(status.message()));
}

StateImage FromProto(const v1::State& state) {
  return {.format = state.format(),
          .model_fingerprint = state.model_fingerprint(),
          .numerics_profile = state.numerics_profile(),
          .step = state.step(),
          .values = {state.values().begin(), state.values().end()},
          .crc32c = state.crc32c()};
}

void ToProto(const StateImage& image, v1::State* state) {
  state->set_format(image.format);
  state->set_model_fingerprint(image.model_fingerprint);
  state->set_numerics_profile(image.numerics_profile);
  state->set_step(image.step);
  state->mutable_values()->Assign(image.values.begin(), image.values.end());
  state->set_crc32c(image.crc32c);
}

absl::StatusCode RefusalCode(Refusal refusal) {
  switch (refusal) {
    case Refusal::kNone:
      return absl::StatusCode::kOk;
    case Refusal::kWrongLength:
    case Refusal::kTooManySteps:
    case Refusal::kNotFinite:
    case Refusal::kBadState:
    case Refusal::kEmptyMessage:
    case Refusal::kMalformed:
    case Refusal::kNotStarted:
      return absl::StatusCode::kInvalidArgument;
    case Refusal::kOutOfOrder:
      return absl::StatusCode::kAborted;
    case Refusal::kDeadline:
      return absl::StatusCode::kDeadlineExceeded;
    case Refusal::kDraining:
    case Refusal::kPipelineDown:
    case Refusal::kStoreUnavailable:
      return absl::StatusCode::kUnavailable;
    case Refusal::kTooManySessions:
    case Refusal::kQueueFull:
    case Refusal::kOverload:
    case Refusal::kQuota:
    case Refusal::kNoMemory:
      return absl::StatusCode::kResourceExhausted;
    case Refusal::kUnknownModel:
    case Refusal::kUnknownSession:
      return absl::StatusCode::kNotFound;
    case Refusal::kNotOpen:
    case Refusal::kAlreadyOpen:
    case Refusal::kSessionOver:
    case Refusal::kWholeSequence:
      return absl::StatusCode::kFailedPrecondition;
    case Refusal::kUnsupported:
      return absl::StatusCode::kUnimplemented;
    case Refusal::kIdTaken:
      return absl::StatusCode::kAlreadyExists;
    case Refusal::kForbidden:
      return absl::StatusCode::kPermissionDenied;
  }
  return absl::StatusCode::kInternal;
}

uint32_t RetryAfterMs(Refusal refusal) {
  const bool passes = refusal == Refusal::kPipelineDown || refusal == Refusal::kOverload ||
                      refusal == Refusal::kTooManySessions || refusal == Refusal::kQueueFull ||
                      refusal == Refusal::kNoMemory || refusal == Refusal::kStoreUnavailable;
  return passes ? 1000 : 0;
}

std::string RefusalText(const Chunk& chunk, const Model& model, const EngineOptions& options) {
  switch (chunk.refusal) {
    case Refusal::kWrongLength:
      return absl::StrCat("chunk at step ", chunk.first_step, " has ", chunk.inputs.size(), " floats; model '",
                          model.name, "' takes a multiple of ", model.input_size, ", at least one row");
    case Refusal::kTooManySteps: {
      const auto steps = chunk.inputs.size() / static_cast<size_t>(model.input_size);
      std::string text =
          absl::StrCat("chunk at step ", chunk.first_step, " has ", steps, " steps of ", model.output_size,
                       " outputs; the limits are ", options.max_chunk_steps, " steps (--max_chunk_steps) and ",
                       options.max_message_bytes, " bytes in an answer");
      if (model.streams()) return absl::StrCat(text, ": send it in several chunks");
      return absl::StrCat(text, ", and ", options.max_sequence_bytes, " bytes to compute it in, ", RowBytes(model),
                          " a step: send a shorter sequence");
    }
    case Refusal::kNoMemory:
      return absl::StrCat("a sequence of ", chunk.inputs.size() / static_cast<size_t>(model.input_size),
                          " steps takes ", RowBytes(model), " bytes a step to compute it in, too much for the ",
                          options.max_row_bytes, " bytes that all such sequences may take together; try again in ",
                          RetryAfterMs(chunk.refusal), " ms");
    case Refusal::kNotFinite:
      return absl::StrCat("chunk at step ", chunk.first_step, " holds a NaN or an infinity among its ",
                          chunk.inputs.size(), " inputs; the state is as it was before the chunk");
    case Refusal::kOutOfOrder:
      return absl::StrCat("chunk names step ", chunk.first_step, "; the session's next step is ", chunk.expected_step,
                          ": send from there, or begin a new sequence (begin, first_step 0)");
    case Refusal::kDeadline:
      return absl::StrCat("chunk at step ", chunk.first_step, " had not started when its budget of ",
                          (chunk.deadline_ns - chunk.received_ns) / 1000, " us was spent; it was not applied");
    default:
      return RefusalText(chunk.refusal, options);
  }
}

std::string RefusalText(Refusal refusal, const EngineOptions& options) {
  switch (refusal) {
    case Refusal::kDraining:
      return "the server is shutting down; go on at another one, or later, from the last checkpoint";
    case Refusal::kTooManySessions:
      return absl::StrCat("all ", options.max_sessions, " sessions are taken (--max_sessions); try again in ",
                          RetryAfterMs(refusal), " ms");
    case Refusal::kQueueFull:
      return absl::StrCat(options.max_unary, " unary calls are waiting already; try again in ", RetryAfterMs(refusal),
                          " ms");
    case Refusal::kOverload:
      return absl::StrCat("the sessions that are open use the part of the pipeline's time that they may (--max_load=",
                          options.max_load, "); try again in ", RetryAfterMs(refusal), " ms, or at another server");
    case Refusal::kQuota:
      return absl::StrCat("this identity has its ", options.max_sessions_per_identity,
                          " sessions (--max_sessions_per_identity); close one first");
    case Refusal::kIdTaken:
      return "a session of that session_id lives: attach to it, or choose another";
    case Refusal::kNotOpen:
      return "the first message of a stream must be open, naming a model";
    case Refusal::kAlreadyOpen:
      return "this stream has its session already; one stream carries one session";
    case Refusal::kEmptyMessage:
      return "a request must have exactly one of open, chunk, close";
    case Refusal::kSessionOver:
      return "the session is over";
    case Refusal::kPipelineDown:
      return absl::StrCat("the pipeline is being repaired; try again in ", RetryAfterMs(refusal),
                          " ms, or go on at another server from the last checkpoint");
    default:
      return "refused";
  }
}

std::string WholeSequenceText(const Model& model) {
  return absl::StrCat("model '", model.name, "' can't be streamed: ", model.whole_sequence_reason,
                      "; send whole sequences with Infer");
}

absl::Status FromProto(const v1::Open& open, SessionOptions* options) {
  if (!v1::Open::Outputs_IsValid(open.outputs())) {
    return absl::InvalidArgumentError(absl::StrCat("open.outputs is ", open.outputs(), "; known are 0 to 3"));
  }
  options->outputs = static_cast<OutputsWanted>(open.outputs());
  if (options->outputs == OutputsWanted::kEveryKth && (open.output_stride() < 1 || open.output_stride() > 1u << 30)) {
    return absl::InvalidArgumentError(
        absl::StrCat("open.output_stride is ", open.output_stride(), "; with EVERY_KTH it must be 1 to 2^30"));
  }
  options->output_stride = static_cast<int>(open.output_stride());
  options->allow_profile_change = open.allow_profile_change();
  options->checkpoint_steps = open.checkpoint_steps();
  options->checkpoint_interval_ns = int64_t{open.checkpoint_interval_ms()} * 1'000'000;
  return absl::OkStatus();
}

void FromProto(const v1::Chunk& chunk, int64_t received_ns, Chunk* out) {
  *out = Chunk();
  out->first_step = chunk.first_step();
  out->inputs = {chunk.inputs().data(), static_cast<size_t>(chunk.inputs_size())};
  out->begin = chunk.begin();
  out->end = chunk.end();
  out->wants_checkpoint = chunk.checkpoint();
  out->received_ns = received_ns;
  if (chunk.deadline_us() != 0) out->deadline_ns = received_ns + int64_t{chunk.deadline_us()} * 1000;
}

void DescribeModel(const ServedModel& served, const Pipeline& pipeline, v1::GetModelResponse* out) {
  const Model& model = *served.model;
  out->set_name(model.name);
  out->set_version(model.version);
  out->set_fingerprint(model.fingerprint);
  out->set_input_size(static_cast<uint32_t>(model.input_size));
  out->set_output_size(static_cast<uint32_t>(model.output_size));
  out->set_state_size(static_cast<uint32_t>(model.state_size()));
  for (const TensorSpec& spec : model.inputs) DescribeTensor(spec, out->add_inputs());
  for (const TensorSpec& spec : model.outputs) DescribeTensor(spec, out->add_outputs());
  DescribeLayers(model, out);
  out->set_whole_sequence_reason(model.whole_sequence_reason);
  for (const StateSpec& spec : model.states) {
    auto* state = out->add_states();
    state->set_name(spec.name);
    state->set_offset(static_cast<uint32_t>(spec.offset));
    state->set_size(static_cast<uint32_t>(spec.size));
  }
  out->set_parameter_count(static_cast<uint64_t>(model.parameter_count));
  out->set_pipeline(pipeline.name());
  out->set_numerics_profile(served.prepared->numerics_profile());
  out->set_step_ns(served.prepared->step_ns() * static_cast<double>(std::max<size_t>(model.passes.size(), 1)));
  out->set_weights(NameOf(model.weights));
  out->set_weight_bytes(static_cast<uint64_t>(WeightBytes(model)));
  DescribeAccuracy(served.prepared->accuracy(), out->mutable_accuracy());
  if (const Placement* placement = served.prepared->placement())
    DescribePlacement(*placement, out->mutable_placement());
}

}  // namespace recurd
