#include <optional>
#include <string>
#include <utility>

#include "grpcpp/grpcpp.h"
#include "server/engine/engine.h"
#include "server/rpc/calls.h"
#include "server/rpc/convert.h"
#include "server/rpc/server.h"

namespace recurd {
namespace {

// One Infer call: a session of its own that lives for one chunk.
class InferCall final : public SessionClient {
 public:
  explicit InferCall(RpcServer* rpc) : rpc_(rpc) {}
  InferCall(const InferCall&) = delete;

  static Detached Serve(RpcServer* rpc);

  float* OutputRoom(Chunk&, int count) override {
    auto* outputs = response_.mutable_outputs();
    outputs->Reserve(count);
    return outputs->AddNAlreadyReserved(count);
  }
  void OnCheckpoint(Chunk&, StateImage image) override { ToProto(image, response_.mutable_state()); }
  void OnChunkDone(Chunk& chunk) override {
    if (chunk.refusal != Refusal::kSessionOver) finished_.Set();  // else OnEnded follows and knows why
  }
  void OnEnded(EndReason reason, const char* detail, uint64_t, std::optional<StateImage>) override {
    session_ = nullptr;
    if (reason == EndReason::kClosed && status_.ok()) status_ = grpc::Status::CANCELLED;
    if (reason == EndReason::kFailed) {
      status_ = {grpc::StatusCode::OUT_OF_RANGE, std::string("the sequence could not be computed: ") + detail};
    }
    finished_.Set();
  }

 private:
  static Detached AwaitDone(InferCall* call);
  // Opens the session and submits the chunk; false if status_ says why not.
  bool Begin();
  grpc::Status Open();
  grpc::Status Result();

  RpcServer* const rpc_;
  grpc::ServerContext context_;
  v1::InferRequest request_;
  v1::InferResponse response_;
  grpc::ServerAsyncResponseWriter<v1::InferResponse> writer_{&context_};
  std::shared_ptr<ServedModel> served_;
  ServedSession* session_ = nullptr;
  StateImage state_;
  Chunk chunk_;
  grpc::Status status_;
  Event finished_;
  QueueOp done_;  // AsyncNotifyWhenDone
  Event gone_;
};

Detached InferCall::Serve(RpcServer* rpc) {
  InferCall call(rpc);
  call.context_.AsyncNotifyWhenDone(call.done_.tag());
  const bool accepted = co_await Start([&](void* tag) {
    rpc->recurrent().RequestInfer(&call.context_, &call.request_, &call.writer_, rpc->queue(), rpc->queue(), tag);
  });
  if (!accepted) co_return;
  const RpcServer::OpenCall open(rpc);
  Serve(rpc);
  AwaitDone(&call);
  if (call.Begin()) {
    co_await call.finished_;
    call.status_ = call.Result();
  }
  if (call.served_) {
    call.served_->MetricsOn(call.chunk_.on_fallback)
        .chunks_by_code[static_cast<size_t>(call.status_.error_code())]
        .Add();
  }
  co_await Start([&](void* tag) {
    call.status_.ok() ? call.writer_.Finish(call.response_, call.status_, tag)
                      : call.writer_.FinishWithError(call.status_, tag);
    if (call.status_.ok()) {
      const int64_t now_ns = rpc->clock().NowNs();
      ModelMetrics& metrics = call.served_->MetricsOn(call.chunk_.on_fallback);
      metrics.stage[static_cast<size_t>(Stage::kEncode)].Record(now_ns - call.chunk_.finished_ns);
      metrics.chunk.Record(now_ns - call.chunk_.received_ns);
    }
  });
  if (call.session_ != nullptr) rpc->engine().End(call.session_, EndReason::kClosed);
  co_await call.gone_;
}

// A caller that has gone away frees its place in the queue.
Detached InferCall::AwaitDone(InferCall* call) {
  co_await call->done_;
  if (call->context_.IsCancelled() && call->session_ != nullptr) {
    call->rpc_->engine().End(call->session_, EndReason::kClosed);
  }
  call->gone_.Set();
}

bool InferCall::Begin() {
  chunk_.received_ns = rpc_->clock().NowNs();
  const absl::StatusOr<Caller> caller = rpc_->access().Admit(context_, Role::kStream);
  status_ = caller.ok() ? Open() : ToGrpc(caller.status());
  if (!status_.ok()) return false;
  chunk_.first_step = session_->state.next_step();
  chunk_.inputs = {request_.inputs().data(), static_cast<size_t>(request_.inputs_size())};
  if (const auto left = context_.deadline() - std::chrono::system_clock::now(); left < std::chrono::hours(24)) {
    chunk_.deadline_ns = chunk_.received_ns + std::chrono::duration_cast<std::chrono::nanoseconds>(left).count();
  }
  if (rpc_->engine().Submit(session_, &chunk_)) return true;
  status_ = Result();
  return false;
}

grpc::Status InferCall::Open() {
  auto served = FindModel(rpc_->engine().catalog(), request_.model(), request_.version());
  if (!served.ok()) {
    rpc_->metrics().server.refusals[static_cast<size_t>(Refusal::kUnknownModel)].Add();
    return ToGrpc(served.status());
  }
  served_ = *served;
  if (!served_->model->streams() && (request_.return_state() || request_.state().step() > 0)) {
    rpc_->metrics().server.refusals[static_cast<size_t>(Refusal::kWholeSequence)].Add();
    return {grpc::StatusCode::FAILED_PRECONDITION,
            WholeSequenceText(*served_->model) + ", without return_state or the state of a later step than 0"};
  }
  SessionOptions options;
  options.outputs = request_.last_only() ? OutputsWanted::kLastOfChunk : OutputsWanted::kEveryStep;
  options.checkpoint_steps = request_.return_state() ? 1 : 0;
  options.allow_profile_change = request_.allow_profile_change();
  if (request_.has_state()) {
    state_ = FromProto(request_.state());
    options.state = &state_;
  }
  options.on_fallback = rpc_->engine().BeginsOnFallback(*served_, options.state, options.allow_profile_change);
  if (request_.has_state()) {
    const std::string profile = served_->On(options.on_fallback).numerics_profile();
    const absl::Status status = state_.Check(*served_->model, profile, options.allow_profile_change);
    if (!status.ok()) {
      rpc_->metrics().server.refusals[static_cast<size_t>(Refusal::kBadState)].Add();
      return ToGrpc(status);
    }
  }
  Refusal refusal;
  session_ = rpc_->engine().Open(served_, options, this, &refusal, {.kind = SessionKind::kCall});
  if (session_ != nullptr) return grpc::Status::OK;
  return {static_cast<grpc::StatusCode>(RefusalCode(refusal)), RefusalText(refusal, rpc_->engine().options())};
}

grpc::Status InferCall::Result() {
  if (!status_.ok()) return status_;
  if (chunk_.refusal != Refusal::kNone) {
    return {static_cast<grpc::StatusCode>(RefusalCode(chunk_.refusal)),
            RefusalText(chunk_, *served_->model, rpc_->engine().options())};
  }
  response_.set_step_count(static_cast<uint32_t>(chunk_.steps));
  response_.set_version(served_->model->version);
  response_.set_queue_ns(static_cast<uint64_t>(chunk_.queue_ns));
  response_.set_pipeline_ns(static_cast<uint64_t>(chunk_.pipeline_ns));
  response_.set_modelled_ns(static_cast<uint64_t>(chunk_.modelled_ns));
  if (chunk_.on_fallback) {
    response_.set_fallback(rpc_->engine().fallback()->name());
    response_.set_numerics_profile(served_->fallback->numerics_profile());
  }
  return grpc::Status::OK;
}

}  // namespace

Detached ServeInfer(RpcServer* rpc) { return InferCall::Serve(rpc); }

}  // namespace recurd
