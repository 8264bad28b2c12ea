#include "server/rpc/stream_call.h"

#include <algorithm>
#include <utility>

#include "server/rpc/calls.h"
#include "server/rpc/convert.h"
#include "server/rpc/open_session.h"

namespace recurd {

Detached ServeStream(RpcServer* rpc) { return StreamCall::Serve(rpc); }

// ---- the three coroutines -----------------------------------------------------------------------------------------

Detached StreamCall::Serve(RpcServer* rpc) {
  StreamCall call(rpc);
  call.context_.AsyncNotifyWhenDone(call.done_.tag());
  const bool accepted = co_await Start([&](void* tag) {
    rpc->recurrent().RequestStream(&call.context_, &call.stream_, rpc->queue(), rpc->queue(), tag);
  });
  if (!accepted) co_return;
  const RpcServer::OpenCall open(rpc);
  const RpcServer::ListedStream listed(rpc, &call);
  call.accepted_ns_ = rpc->clock().NowNs();
  Serve(rpc);
  AwaitDone(&call);
  WriteReplies(&call);
  if (absl::StatusOr<Caller> caller = rpc->access().Admit(call.context_, Role::kStream); caller.ok()) {
    call.caller_ = *std::move(caller);
  } else {
    call.Fail(ToGrpc(caller.status()));
  }
  while (call.reading_) {
    if (call.Full()) {
      co_await call.room_;
      continue;
    }
    const bool ok = co_await Start([&](void* tag) { call.stream_.Read(&call.Tail().request, tag); });
    if (!ok) break;
    const uint64_t awaited = call.FenceToOpen();
    while (awaited != 0 && rpc->engine().IsRunning(rpc->engine().Find(awaited))) {
      co_await Start([&](void* tag) { call.turn_.Set(rpc->queue(), gpr_now(GPR_CLOCK_MONOTONIC), tag); });
    }
    call.OnRequest();
  }
  call.reading_ = false;
  call.progress_.Set();
  co_await call.written_;
  co_await call.gone_;
  if (call.session_ == nullptr) co_return;
  // It stopped sending; or it went away while its Open waited, before there was anything to detach.
  call.context_.IsCancelled() ? rpc->engine().Detach(call.session_)
                              : rpc->engine().End(call.session_, EndReason::kClosed);
}

Detached StreamCall::WriteReplies(StreamCall* call) {
  for (;;) {
    while (!call->Empty() && call->Head().answered) {
      Slot& slot = call->Head();
      const bool state_first = slot.checkpoint && slot.refusal != Refusal::kNone;
      if (state_first) co_await Start([&](void* tag) { call->stream_.Write(*slot.checkpoint, tag); });
      co_await Start([&](void* tag) {
        call->stream_.Write(slot.reply, tag);
        call->Encoded(slot);
      });
      if (slot.checkpoint && !state_first) {
        co_await Start([&](void* tag) { call->stream_.Write(*slot.checkpoint, tag); });
      }
      call->FreeHead();
    }
    const bool ended = call->ended_.has_value() || !call->status_.ok();
    if (call->Empty() && (ended || !call->reading_)) break;
    co_await call->progress_;
  }
  call->reading_ = false;
  if (call->session_ != nullptr && call->closed_) call->rpc_->engine().End(call->session_, EndReason::kClosed);
  if (call->session_ != nullptr) call->SayEnded(EndReason::kClosed, "", call->session_->state.expected_step());
  if (call->last_checkpoint_) {
    co_await Start([&](void* tag) { call->stream_.Write(*call->last_checkpoint_, tag); });
  }
  if (call->ended_ && call->status_.ok()) {
    co_await Start([&](void* tag) { call->stream_.Write(*call->ended_, tag); });
  }
  co_await Start([&](void* tag) { call->stream_.Finish(call->status_, tag); });
  call->room_.Set();
  call->written_.Set();
}

Detached StreamCall::AwaitDone(StreamCall* call) {
  co_await call->done_;
  if (call->context_.IsCancelled() && call->session_ != nullptr) {
    Engine& engine = call->rpc_->engine();
    call->closed_ ? engine.End(call->session_, EndReason::kClosed) : engine.Detach(call->session_);
  }
  call->gone_.Set();
}

// ---- requests -----------------------------------------------------------------------------------------------------

// The number of the session whose run the request in Tail() must wait for; 0: it needn't.
uint64_t StreamCall::FenceToOpen() {
  const v1::StreamRequest& request = Tail().request;
  return session_ == nullptr && request.has_open() ? recurd::FenceToOpen(rpc_, caller_, request.open()) : 0;
}

void StreamCall::OnRequest() {
  Slot& slot = Tail();
  slot.received_ns = rpc_->clock().NowNs();
  if (ended_ || !status_.ok()) return;  // on its way out
  const v1::StreamRequest& request = slot.request;
  if (request.has_close() && !request.has_open() && !request.has_chunk()) {
    reading_ = false;
    closed_ = true;
    return;
  }
  if (session_ == nullptr && !request.has_open()) {
    rpc_->metrics().server.refusals[static_cast<size_t>(Refusal::kNotOpen)].Add();
    return Fail(
        grpc::Status(grpc::StatusCode::FAILED_PRECONDITION, RefusalText(Refusal::kNotOpen, rpc_->engine().options())));
  }
  slot.reply.Clear();
  slot.refusal = Refusal::kNone;
  slot.code = absl::StatusCode::kOk;
  ++tail_;
  slot.bytes = request.ByteSizeLong();
  bytes_ahead_ += slot.bytes;
  if (request.has_open() + request.has_chunk() + request.has_close() != 1) {
    slot.refusal = Refusal::kEmptyMessage;
  } else if (request.has_open() && session_ != nullptr) {
    slot.refusal = Refusal::kAlreadyOpen;
  } else if (request.has_open()) {
    return OnOpen(slot);
  } else {
    return OnChunk(slot);
  }
  slot.expected_step = session_ == nullptr ? 0 : session_->admitted_step;
  rpc_->metrics().server.refusals[static_cast<size_t>(slot.refusal)].Add();
  Refuse(slot, RefusalCode(slot.refusal), RefusalText(slot.refusal, rpc_->engine().options()));
}

void StreamCall::OnOpen(Slot& slot) {
  const v1::Open& open = slot.request.open();
  grpc::Status status = OpenSession(rpc_, caller_, open, this, &session_, &profile_);
  if (!status.ok()) return Fail(std::move(status));
  served_ = session_->served;
  wants_checkpoints_ = open.checkpoint_steps() > 0 || open.checkpoint_interval_ms() > 0;
  allows_profile_change_ = open.allow_profile_change();
  for (const bool fallback : {false, true}) {
    if (fallback && !served_->fallback) continue;
    std::string profile = served_->On(fallback).numerics_profile();
    if (profile != profile_) other_profiles_[fallback] = std::move(profile);
  }
  const Model& model = *served_->model;
  const EngineOptions& limits = rpc_->engine().options();
  v1::Opened* opened = slot.reply.mutable_opened();
  opened->set_session_id(std::string(session_->id()));
  opened->set_epoch(session_->epoch);
  opened->set_next_step(session_->state.expected_step());
  opened->set_must_begin(!session_->state.in_sequence());
  opened->set_version(model.version);
  opened->set_model_fingerprint(model.fingerprint);
  opened->set_input_size(static_cast<uint32_t>(model.input_size));
  opened->set_output_size(static_cast<uint32_t>(model.output_size));
  opened->set_state_size(static_cast<uint32_t>(model.state_size()));
  opened->set_numerics_profile(profile_);
  opened->set_max_chunk_steps(static_cast<uint32_t>(limits.max_chunk_steps));
  opened->set_max_chunks_ahead(kSlotCount);
  opened->set_max_message_bytes(static_cast<uint32_t>(limits.max_message_bytes));
  Answer(slot);
}

void StreamCall::OnChunk(Slot& slot) {
  const v1::Chunk& chunk = slot.request.chunk();
  FromProto(chunk, slot.received_ns, &slot);
  if (chunk.has_state()) {
    slot.begin_image = FromProto(chunk.state());
    slot.begin_state = &slot.begin_image;
    slot.bad_state = slot.begin ? slot.begin_image.Check(*served_->model, profile_, allows_profile_change_)
                                : absl::InvalidArgumentError("a chunk may carry a state only together with begin");
    if (!slot.bad_state.ok()) slot.refusal = Refusal::kBadState;
  }
  if (!rpc_->engine().Submit(session_, &slot)) OnChunkDone(slot);
}

// ---- what the engine says -----------------------------------------------------------------------------------------

float* StreamCall::OutputRoom(Chunk& chunk, int count) {
  Slot& slot = static_cast<Slot&>(chunk);
  const size_t bytes = static_cast<size_t>(count) * sizeof(float);
  slot.bytes += bytes;
  bytes_ahead_ += bytes;
  auto* outputs = slot.reply.mutable_outputs()->mutable_outputs();
  outputs->Reserve(count);
  return outputs->AddNAlreadyReserved(count);
}

void StreamCall::OnCheckpoint(Chunk& chunk, StateImage image) {
  ToProto(image, static_cast<Slot&>(chunk).checkpoint.emplace().mutable_checkpoint()->mutable_state());
}

void StreamCall::OnChunkDone(Chunk& chunk) {
  Slot& slot = static_cast<Slot&>(chunk);
  if (slot.refusal == Refusal::kBadState) {
    return Refuse(slot, slot.bad_state.code(), std::string(slot.bad_state.message()));
  }
  if (slot.refusal != Refusal::kNone) {
    return Refuse(slot, RefusalCode(slot.refusal), RefusalText(slot, *served_->model, rpc_->engine().options()));
  }
  v1::Outputs* outputs = slot.reply.mutable_outputs();
  outputs->set_first_step(slot.first_step);
  outputs->set_step_count(static_cast<uint32_t>(slot.steps));
  outputs->set_client_tag(slot.request.chunk().client_tag());
  outputs->set_client_time_ns(slot.request.chunk().client_time_ns());
  outputs->set_queue_ns(static_cast<uint64_t>(slot.queue_ns));
  outputs->set_pipeline_ns(static_cast<uint64_t>(slot.pipeline_ns));
  outputs->set_modelled_ns(static_cast<uint64_t>(slot.modelled_ns));
  if (slot.on_fallback) outputs->set_fallback(rpc_->engine().fallback()->name());
  if (const std::string& other = other_profiles_[slot.on_fallback]; !other.empty()) {
    outputs->set_numerics_profile(other);
  }
  Answer(slot);
}

void StreamCall::OnEnded(EndReason reason, const char* detail, uint64_t next_step, std::optional<StateImage> last) {
  session_ = nullptr;
  SayEnded(reason, detail, next_step);
  const bool elsewhere = reason == EndReason::kDrained || reason == EndReason::kModelUnloaded;
  const bool wanted = elsewhere || (wants_checkpoints_ && reason != EndReason::kClosed);
  if (last && wanted) {
    ToProto(*last, last_checkpoint_.emplace().mutable_checkpoint()->mutable_state());
  }
  progress_.Set();
}

void StreamCall::SayEnded(EndReason reason, const char* detail, uint64_t next_step) {
  v1::Ended* ended = ended_.emplace().mutable_ended();
  ended->set_reason(static_cast<v1::Ended::Reason>(reason));
  ended->set_message(detail);
  ended->set_next_step(next_step);
}

// ---- answers ------------------------------------------------------------------------------------------------------

void StreamCall::Refuse(Slot& slot, absl::StatusCode code, std::string message) {
  slot.code = code;
  slot.reply.clear_outputs();
  v1::Refused* refused = slot.reply.mutable_refused();
  refused->set_first_step(slot.request.chunk().first_step());
  refused->set_code(static_cast<int>(code));
  refused->set_message(std::move(message));
  refused->set_expected_step(slot.expected_step);
  refused->set_retry_after_ms(RetryAfterMs(slot.refusal));
  refused->set_client_tag(slot.request.chunk().client_tag());
  Answer(slot);
}

void StreamCall::Answer(Slot& slot) {
  slot.answered = true;
  progress_.Set();
}

void StreamCall::Fail(grpc::Status status) {
  status_ = std::move(status);
  reading_ = false;
  if (!Empty() && !slots_[(tail_ - 1) % kSlotCount].answered) --tail_;  // the request that failed has no other answer
  progress_.Set();
}

void StreamCall::ExpireUnopened(int64_t now_ns, bool draining) {
  constexpr int64_t kTimeToOpenNs = 10'000'000'000;
  if (session_ != nullptr || ended_ || !status_.ok()) return;
  if (draining) {
    Fail({grpc::StatusCode::UNAVAILABLE, RefusalText(Refusal::kDraining, rpc_->engine().options())});
  } else if (now_ns - accepted_ns_ > kTimeToOpenNs) {
    Fail({grpc::StatusCode::DEADLINE_EXCEEDED, "no session was opened on this stream for 10 s"});
  }
}

void StreamCall::Encoded(const Slot& slot) {
  if (!served_ || !slot.request.has_chunk()) return;
  ModelMetrics& metrics = served_->MetricsOn(slot.on_fallback);
  metrics.chunks_by_code[static_cast<size_t>(slot.code)].Add();
  if (slot.code != absl::StatusCode::kOk) return;
  const int64_t now_ns = rpc_->clock().NowNs();
  metrics.stage[static_cast<size_t>(Stage::kEncode)].Record(now_ns - slot.finished_ns);
  metrics.chunk.Record(now_ns - slot.received_ns);
}

void StreamCall::FreeHead() {
  Slot& slot = Head();
  bytes_ahead_ -= slot.bytes;
  if (slot.bytes > kKeptBytes) {
    slot.request = v1::StreamRequest();
    slot.reply = v1::StreamResponse();
    slot.begin_image = StateImage();
  }
  slot.checkpoint.reset();
  slot.answered = false;
  ++head_;
  room_.Set();
}

}  // namespace recurd
