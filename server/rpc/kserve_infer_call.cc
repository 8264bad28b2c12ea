#include <chrono>
#include <optional>
#include <string>

#include "server/rpc/kserve_models.h"
#include "server/rpc/kserve_service.h"
#include "server/rpc/server.h"

namespace recurd::kserve {
namespace {

using Async = Service::Async;

constexpr int kWaiting = 4;              // armed calls; more are let go after their next answer
constexpr size_t kKeptBytes = 16 << 10;  // that a waiting call may keep for its next request

// What gRPC wants anew for each call.
struct Round {
  grpc::ServerContext context;
  grpc::ServerAsyncResponseWriter<inference::ModelInferResponse> writer{&context};
  QueueOp done;  // AsyncNotifyWhenDone
};

// One ModelInfer call after the other in the same memory.
class InferCall final : public Inference, public Service::Call {
 public:
  static Detached Serve(Service* service);

  explicit InferCall(Service* service) : service_(service) {}
  InferCall(const InferCall&) = delete;

  // A caller that has gone away frees its place in the queue.
  void OnSweep(bool) override {
    if (round_->done.completed()) service_->sequences().Abandon(this);
  }

 private:
  int64_t DeadlineNs() const;
  void Finish(void* tag);
  void OnAnswered() override { answered_.Set(); }

  Service* const service_;
  std::optional<Round> round_;
  inference::ModelInferRequest request_;
  inference::ModelInferResponse response_;
  Event answered_;
};

Detached InferCall::Serve(Service* service) {
  InferCall call(service);
  RpcServer* rpc = service->rpc();
  do {
    Round& round = call.round_.emplace();
    round.context.AsyncNotifyWhenDone(round.done.tag());
    ++service->waiting_infer_calls;
    const bool accepted = co_await Start([&](void* tag) {
      service->async().RequestModelInfer(&round.context, &call.request_, &round.writer, rpc->queue(), rpc->queue(),
                                         tag);
    });
    --service->waiting_infer_calls;
    if (!accepted) co_return;
    const RpcServer::OpenCall open(rpc);
    const Service::ListedCall listed(service, &call);
    if (service->waiting_infer_calls == 0) Serve(service);
    const absl::StatusOr<Caller> caller = rpc->access().Admit(round.context, Role::kStream);
    if (caller.ok()) {
      call.Begin(service->server(), caller->identity, call.request_, call.DeadlineNs(), &call.response_);
      co_await call.answered_;
    } else {
      call.Deny(caller.status());
    }
    co_await Start([&](void* tag) { call.Finish(tag); });
    service->sequences().Settle();
    co_await round.done;
    if (call.request_.ByteSizeLong() + call.HeldBytes() > kKeptBytes) {
      call.Shrink();
      call.request_ = {};
      call.response_ = {};
    }
  } while (service->waiting_infer_calls < kWaiting);
}

int64_t InferCall::DeadlineNs() const {
  const auto left = round_->context.deadline() - std::chrono::system_clock::now();
  if (left > std::chrono::hours(24)) return kNoDeadline;
  return service_->rpc()->clock().NowNs() + std::chrono::duration_cast<std::chrono::nanoseconds>(left).count();
}

void InferCall::Finish(void* tag) {
  if (code() == absl::StatusCode::kOk) {
    round_->writer.Finish(response_, grpc::Status::OK, tag);
  } else {
    round_->writer.FinishWithError({static_cast<grpc::StatusCode>(code()), message()}, tag);
  }
  Encoded();
}

}  // namespace

Detached ServeInferCalls(Service* service) { return InferCall::Serve(service); }

}  // namespace recurd::kserve
