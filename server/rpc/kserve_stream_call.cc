#include <array>
#include <string>
#include <utility>

#include "server/rpc/convert.h"
#include "server/rpc/kserve_models.h"
#include "server/rpc/kserve_service.h"
#include "server/rpc/server.h"

namespace recurd::kserve {
namespace {

constexpr size_t kSlotCount = 16;        // requests read ahead
constexpr size_t kBytesAhead = 4 << 20;  // in requests and answers that wait
constexpr size_t kKeptBytes = 16 << 10;  // that a free slot may keep for its next request
constexpr char kErrorMetadata[] = "triton_grpc_error";

// One ModelStreamInfer call: any requests of any sequences, answered in their order, so that a request behind one that
// takes long waits for it, whatever sequence it is of. Made like the native StreamCall: a reader, a writer and one that
// waits for the end share a ring of slots; when the ring is full the reader stops and HTTP/2 holds the sender back.
// What was submitted before a client went away is applied; only whole sequences, which nobody else sees, are given up.
class StreamCall final : public Service::Call {
 public:
  static Detached Serve(Service* service);

  explicit StreamCall(Service* service) : service_(service) {
    for (Slot& slot : slots_) slot.call = this;
  }
  StreamCall(const StreamCall&) = delete;

  void OnSweep(bool draining) override;

 private:
  struct Slot final : Inference {
    void OnAnswered() override {
      answered = true;
      call->progress_.Set();
    }
    StreamCall* call = nullptr;
    inference::ModelInferRequest request;
    inference::ModelStreamInferResponse reply;
    size_t bytes = 0;
    bool answered = false;
  };

  static Detached WriteReplies(StreamCall* call);
  static Detached AwaitDone(StreamCall* call);

  Slot& Head() { return slots_[head_ % kSlotCount]; }
  Slot& Tail() { return slots_[tail_ % kSlotCount]; }
  bool Empty() const { return head_ == tail_; }
  bool Full() const { return tail_ - head_ == kSlotCount || (bytes_ahead_ > kBytesAhead && !Empty()); }

  bool WantsStatus() const;
  // Takes the request in Tail().
  void OnRequest();
  void Write(Slot& slot, void* tag);
  void FreeHead();

  Service* const service_;
  grpc::ServerContext context_;
  grpc::ServerAsyncReaderWriter<inference::ModelStreamInferResponse, inference::ModelInferRequest> stream_{&context_};
  std::string identity_;
  bool error_is_status_ = false;  // triton_grpc_error

  std::array<Slot, kSlotCount> slots_;
  size_t head_ = 0, tail_ = 0;
  size_t bytes_ahead_ = 0;

  bool reading_ = true;
  bool failed_ = false;  // nothing more is written but status_
  grpc::Status status_;

  QueueOp done_;    // AsyncNotifyWhenDone
  Event room_;      // for the reader: a slot is free, or the call is ending
  Event progress_;  // for the writer: a slot was answered, or the call is ending
  Event written_, gone_;
};

// ---- the three coroutines -----------------------------------------------------------------------------------------

Detached StreamCall::Serve(Service* service) {
  StreamCall call(service);
  RpcServer* rpc = service->rpc();
  call.context_.AsyncNotifyWhenDone(call.done_.tag());
  const bool accepted = co_await Start([&](void* tag) {
    service->async().RequestModelStreamInfer(&call.context_, &call.stream_, rpc->queue(), rpc->queue(), tag);
  });
  if (!accepted) co_return;
  const RpcServer::OpenCall open(rpc);
  const Service::ListedCall listed(service, &call);
  Serve(service);
  absl::StatusOr<Caller> caller = rpc->access().Admit(call.context_, Role::kStream);
  if (caller.ok()) {
    call.identity_ = std::move(caller->identity);
  } else {
    call.status_ = ToGrpc(caller.status());
    call.failed_ = true;
  }
  call.error_is_status_ = call.WantsStatus();
  AwaitDone(&call);
  WriteReplies(&call);  // which ends the call if it failed already
  call.OnSweep(rpc->engine().draining());
  while (call.reading_) {
    if (call.Full()) {
      co_await call.room_;
      continue;
    }
    const bool ok = co_await Start([&](void* tag) { call.stream_.Read(&call.Tail().request, tag); });
    if (!ok) break;
    call.OnRequest();
  }
  call.reading_ = false;
  call.progress_.Set();
  co_await call.written_;
  co_await call.gone_;
}

Detached StreamCall::WriteReplies(StreamCall* call) {
  for (;;) {
    while (!call->failed_ && !call->Empty() && call->Head().answered) {
      Slot& slot = call->Head();
      if (slot.code() != absl::StatusCode::kOk && call->error_is_status_) {
        slot.Encoded();
        call->status_ = {static_cast<grpc::StatusCode>(slot.code()), slot.message()};
        call->failed_ = true;
        break;
      }
      co_await Start([&](void* tag) { call->Write(slot, tag); });
      call->FreeHead();
      call->service_->sequences().Settle();
    }
    if (call->failed_ || (call->Empty() && !call->reading_)) break;
    co_await call->progress_;
  }
  call->reading_ = false;
  co_await Start([&](void* tag) { call->stream_.Finish(call->status_, tag); });
  while (!call->Empty()) {
    if (call->Head().answered) {
      call->FreeHead();
    } else {
      co_await call->progress_;
    }
  }
  // The last answer may have come inside the engine, which must not be called back: the table has its turn afterwards.
  grpc::Alarm turn;
  co_await Start([&](void* tag) { turn.Set(call->service_->rpc()->queue(), gpr_now(GPR_CLOCK_MONOTONIC), tag); });
  call->service_->sequences().Settle();
  call->room_.Set();
  call->written_.Set();
}

Detached StreamCall::AwaitDone(StreamCall* call) {
  co_await call->done_;
  for (size_t i = call->head_; call->context_.IsCancelled() && i != call->tail_; ++i) {
    call->service_->sequences().Abandon(&call->slots_[i % kSlotCount]);
  }
  call->gone_.Set();
}

// ---- one request --------------------------------------------------------------------------------------------------

void StreamCall::OnRequest() {
  if (!reading_) return;  // on its way out
  Slot& slot = Tail();
  ++tail_;
  slot.Begin(service_->server(), identity_, slot.request, kNoDeadline, slot.reply.mutable_infer_response());
  slot.bytes = slot.request.ByteSizeLong() + slot.HeldBytes();
  bytes_ahead_ += slot.bytes;
}

void StreamCall::Write(Slot& slot, void* tag) {
  slot.reply.clear_error_message();
  auto* response = slot.reply.mutable_infer_response();
  if (slot.code() != absl::StatusCode::kOk) {
    slot.reply.set_error_message(slot.message());
    response->set_id(slot.request.id());
    response->set_model_name(slot.request.model_name());
    response->set_model_version(slot.request.model_version());
  }
  (*response->mutable_parameters())["triton_final_response"].set_bool_param(true);
  stream_.Write(slot.reply, tag);
  slot.Encoded();
}

void StreamCall::FreeHead() {
  Slot& slot = Head();
  bytes_ahead_ -= slot.bytes;
  if (slot.bytes > kKeptBytes) {
    slot.Shrink();
    slot.request = {};
    slot.reply = {};
  }
  slot.answered = false;
  ++head_;
  room_.Set();
}

// ---- the call -----------------------------------------------------------------------------------------------------

bool StreamCall::WantsStatus() const {
  const auto found = context_.client_metadata().find(kErrorMetadata);
  return found != context_.client_metadata().end() && found->second == "true";
}

// Draining: what was read is answered, then the status tells why there is no more.
void StreamCall::OnSweep(bool draining) {
  if (!draining || !reading_) return;
  reading_ = false;
  status_ = {grpc::StatusCode::UNAVAILABLE, kStoppingText};
  progress_.Set();
}

}  // namespace

Detached ServeStreamCall(Service* service) { return StreamCall::Serve(service); }

}  // namespace recurd::kserve
