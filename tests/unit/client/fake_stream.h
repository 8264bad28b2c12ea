#pragma once

#include <grpcpp/grpcpp.h>

#include <string>

#include "proto/recurd/v1/recurd.grpc.pb.h"
#include "tests/unit/client/fake_server.h"

namespace recurd {

// What a session keeps from message to message.
struct FakeState {
  uint64_t step = 0;
  float sum = 0;
  bool begin_next = false;
};

// One stream of a FakeServer, with its mishap.
class FakeStream {
 public:
  static constexpr int kInputSize = 2;
  static constexpr uint32_t kMaxChunkSteps = 64;
  static constexpr uint32_t kMaxMessageBytes = 1 << 20;
  using Stream = grpc::ServerReaderWriter<v1::StreamResponse, v1::StreamRequest>;

  FakeStream(Stream* stream, const v1::Open& open, FakeState* state, const Mishap& mishap)
      : stream_(stream), open_(open), state_(*state), mishap_(mishap) {}

  void SendOpened(const std::string& id, const FakeServer::Options& options) {
    v1::StreamResponse response;
    v1::Opened& opened = *response.mutable_opened();
    opened.set_session_id(id);
    opened.set_next_step(state_.step + (mishap_.where == Mishap::kOpensElsewhere ? 1 : 0));
    opened.set_version("1");
    opened.set_input_size(kInputSize);
    opened.set_output_size(1);
    opened.set_state_size(1);
    opened.set_max_chunk_steps(kMaxChunkSteps);
    opened.set_max_chunks_ahead(4);
    opened.set_max_message_bytes(kMaxMessageBytes);
    opened.set_must_begin(state_.begin_next);
    opened.set_numerics_profile(options.profile);
    opened.set_model_fingerprint(options.fingerprint);
    stream_->Write(response);
  }

  void Refuse(const v1::Chunk& chunk, grpc::StatusCode code, const std::string& message, uint32_t retry_after_ms = 0) {
    v1::StreamResponse response;
    v1::Refused& refused = *response.mutable_refused();
    refused.set_first_step(chunk.first_step());
    refused.set_code(code);
    refused.set_message(message);
    refused.set_expected_step(state_.step);
    refused.set_retry_after_ms(retry_after_ms);
    refused.set_client_tag(chunk.client_tag());
    stream_->Write(response);
  }

  void End(v1::Ended::Reason reason) {
    v1::StreamResponse response;
    response.mutable_ended()->set_reason(reason);
    response.mutable_ended()->set_message("says the fake");
    response.mutable_ended()->set_next_step(state_.step);
    stream_->Write(response);
  }

  void SendCheckpoint() {
    v1::StreamResponse response;
    response.mutable_checkpoint()->mutable_state()->set_step(state_.step);
    response.mutable_checkpoint()->mutable_state()->add_values(state_.sum);
    stream_->Write(response);
    unsaved_steps_ = 0;
  }

  // Serves one chunk. False: the stream is over.
  bool OnChunk(const v1::Chunk& chunk) {
    const Mishap::Where where = chunk_count_++ == mishap_.chunk ? mishap_.where : Mishap::kNever;
    switch (where) {
      case Mishap::kBeforeApplied:
        return false;
      case Mishap::kSilent:
        return true;
      case Mishap::kEnds:
        End(mishap_.reason);
        return false;
      case Mishap::kTakesOver:
        Refuse(chunk, grpc::StatusCode::FAILED_PRECONDITION, "the session is over");
        End(v1::Ended::TAKEN_OVER);
        return false;
      case Mishap::kDrains:
        Refuse(chunk, grpc::StatusCode::UNAVAILABLE, "shutting down");
        SendCheckpoint();
        End(v1::Ended::DRAINED);
        return false;
      case Mishap::kRepairs:
        SendCheckpoint();
        Refuse(chunk, grpc::StatusCode::UNAVAILABLE, "being repaired", 20);
        return true;
      default:
        return Apply(chunk, where);
    }
  }

 private:
  bool Apply(const v1::Chunk& chunk, Mishap::Where where) {
    if (state_.begin_next && !chunk.begin()) {
      Refuse(chunk, grpc::StatusCode::INVALID_ARGUMENT, "begin is missing");
      return true;
    }
    if (chunk.first_step() != (chunk.begin() ? 0 : state_.step)) {
      Refuse(chunk, grpc::StatusCode::ABORTED, "out of order");
      return true;
    }
    if (chunk.inputs(0) == 3000 && !refused_once_) {
      refused_once_ = true;
      Refuse(chunk, grpc::StatusCode::RESOURCE_EXHAUSTED, "no room", 7);
      return true;
    }
    if (chunk.begin()) state_ = {0, chunk.has_state() ? chunk.state().values(0) : 0, false};
    v1::StreamResponse response;
    v1::Outputs& outputs = *response.mutable_outputs();
    const int steps = chunk.inputs_size() / kInputSize;
    outputs.set_first_step(state_.step);
    outputs.set_step_count(steps);
    outputs.set_client_tag(chunk.client_tag());
    outputs.set_queue_ns(1000);
    outputs.set_pipeline_ns(2000);
    outputs.set_modelled_ns(750);
    for (int i = 0; i < steps; ++i, ++state_.step) {
      state_.sum += chunk.inputs(2 * i) + chunk.inputs(2 * i + 1);
      if (Wanted(i + 1 == steps, chunk.end())) {
        outputs.add_outputs(state_.sum + (where == Mishap::kOtherBits ? 1.0f : 0.0f));
      }
    }
    unsaved_steps_ += steps;
    if (chunk.end()) state_ = {0, 0, true};
    if (where == Mishap::kBeforeOutputs) return false;
    stream_->Write(response);
    if (where == Mishap::kAfterOutputs) return false;
    const bool due = open_.checkpoint_steps() > 0 && unsaved_steps_ >= open_.checkpoint_steps();
    if (!chunk.end() && (due || chunk.checkpoint())) SendCheckpoint();
    if (where != Mishap::kAfterCheckpoint) return true;
    if (mishap_.reason != v1::Ended::UNSPECIFIED) End(mishap_.reason);
    return false;
  }

  bool Wanted(bool last, bool end) const {
    switch (open_.outputs()) {
      case v1::Open::EVERY_STEP:
        return true;
      case v1::Open::LAST_OF_CHUNK:
        return last;
      case v1::Open::LAST_OF_SEQUENCE:
        return last && end;
      default:
        return (state_.step + 1) % open_.output_stride() == 0;
    }
  }

  Stream* const stream_;
  const v1::Open open_;
  FakeState& state_;
  const Mishap mishap_;
  int chunk_count_ = 0;
  uint32_t unsaved_steps_ = 0;
  bool refused_once_ = false;
};

}  // namespace recurd
