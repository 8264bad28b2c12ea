#include "server/rpc/server.h"

#include <chrono>
#include <thread>
#include <utility>
#include <vector>

#include "absl/memory/memory.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/impl/server_builder_option.h"
#include "server/base/status_macros.h"
#include "server/rpc/calls.h"
#include "server/rpc/kserve_service.h"
#include "server/rpc/stream_call.h"

namespace recurd {
namespace {

constexpr int kMaxEvents = 64;  // between two quanta
constexpr int kMaxHeaderBytes = 16 << 10;
constexpr int64_t kSweepNs = 1'000'000'000;
constexpr int kExpireAtATime = 256;           // sessions looked at before the queue gets its turn
constexpr int64_t kCutOffNs = 5'000'000'000;  // enough for a thread that turns
constexpr std::chrono::milliseconds kReadingTime(100);

// libgrpc++_reflection adds its service to every server of the process merely by being linked. Reflection is a sync
// service and brings its own threads, so it is taken out again unless asked for.
class WithoutReflection final : public grpc::ServerBuilderOption {
 public:
  void UpdateArguments(grpc::ChannelArguments*) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override { plugins->clear(); }
};

gpr_timespec FromNow(int64_t ns) {
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_nanos(ns, GPR_TIMESPAN));
}

}  // namespace

RpcServer::RpcServer(RpcOptions options, Engine& engine, Metrics& metrics, const Clock& clock)
    : options_(std::move(options)),
      engine_(engine),
      metrics_(metrics),
      clock_(clock),
      start_ns_(clock.NowNs()),
      access_({.client_certificates = options_.tls && options_.tls->wants_client_certificates(),
               .admin_socket = !options_.admin_listen.empty()},
              options_.tokens, metrics.server.refusals[static_cast<size_t>(Refusal::kForbidden)]),
      kserve_(std::make_unique<kserve::Service>(this)),
      mailbox_([this] { Wake(); }) {}

RpcServer::~RpcServer() = default;

absl::StatusOr<std::unique_ptr<RpcServer>> RpcServer::Listen(RpcOptions options, Engine& engine, Metrics& metrics,
                                                             const Clock& clock) {
  auto rpc = absl::WrapUnique(new RpcServer(std::move(options), engine, metrics, clock));
  if (rpc->options_.reflection) grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  if (!rpc->options_.reflection) builder.SetOption(std::make_unique<WithoutReflection>());
  const int max_message =
      static_cast<int>(engine.options().max_message_bytes) + 1024;  // the floats, and what frames them
  builder.SetMaxReceiveMessageSize(max_message);
  builder.SetMaxSendMessageSize(-1);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);  // a taken port is an error
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60'000);  // finds clients lost behind a dead network
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, 600'000);  // without a call; a stream is one
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS,
                             engine.options().max_sessions + engine.options().max_unary);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMaxHeaderBytes);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, 20'000);
  const RpcOptions& wanted = rpc->options_;
  RECURD_ASSIGN_OR_RETURN(rpc->listeners_, Listeners::Add(builder,
                                                          {wanted.listen, wanted.admin_listen, wanted.tls,
                                                           wanted.connections, wanted.listen_fd, wanted.admin_fd},
                                                          metrics.connections));
  builder.RegisterService(&rpc->recurrent_);
  builder.RegisterService(&rpc->health_service_);
  builder.RegisterService(&rpc->kserve_->async());
  rpc->queue_ = builder.AddCompletionQueue();
  RECURD_ASSIGN_OR_RETURN(rpc->server_, rpc->listeners_->Start(builder));
  engine.Watch([self = rpc.get()](const RecoveryEvent& event) { self->OnRecovery(event); });
  return rpc;
}

void RpcServer::AcceptAll() {
  ServeStream(this);
  ServeInfer(this);
  ServeModelCalls(this);
  ServeSessionCalls(this);
  ServeHealthCheck(this);
  ServeHealthWatch(this);
  kserve_->AcceptAll();
}

void RpcServer::Run() {
  AcceptAll();
  ReadMailbox();
  Sweep();
  Heartbeat();
  int events = 0;
  for (;;) {
    void* tag = nullptr;
    bool ok = false;
    const gpr_timespec deadline =
        engine_.busy() ? gpr_inf_past(GPR_CLOCK_MONOTONIC) : gpr_inf_future(GPR_CLOCK_MONOTONIC);
    const auto next = queue_->AsyncNext(&tag, &ok, deadline);
    if (next == grpc::CompletionQueue::SHUTDOWN) break;
    if (next == grpc::CompletionQueue::GOT_EVENT) {
      static_cast<QueueOp*>(tag)->Complete(ok);
      if (++events < kMaxEvents) continue;
    }
    events = 0;
    engine_.Advance();  // between quanta the queue is emptied, unless it fills as fast
  }
  stopping_ = true;
  wake_.Complete(false);
}

Detached RpcServer::Sweep() {
  while (!stopping_) {
    co_await Start([this](void* tag) { sweep_alarm_.Set(queue_.get(), FromNow(kSweepNs), tag); });
    engine_.MeasureLoad();
    while (engine_.Expire(kExpireAtATime)) {
      co_await Start([this](void* tag) { sweep_alarm_.Set(queue_.get(), FromNow(0), tag); });
    }
    ExpireUnopenedStreams();
    kserve_->Sweep();
  }
}

// By a timer on the queue, so that it costs nothing a message, and comes late if anything keeps the loop.
Detached RpcServer::Heartbeat() {
  while (options_.heartbeat_ns > 0 && !stopping_) {
    options_.heartbeat();
    co_await Start([this](void* tag) { heartbeat_alarm_.Set(queue_.get(), FromNow(options_.heartbeat_ns), tag); });
  }
}

Detached RpcServer::ReadMailbox() {
  while (!stopping_) {
    co_await wake_;
    wake_pending_.store(false, std::memory_order_release);
    mailbox_.Drain();
  }
}

void RpcServer::Wake() {
  if (wake_pending_.exchange(true, std::memory_order_acq_rel)) return;
  alarm_.Set(queue_.get(), gpr_now(GPR_CLOCK_MONOTONIC), wake_.tag());
}

void RpcServer::ExpireUnopenedStreams() {
  for (StreamCall* call : streams_) call->ExpireUnopened(clock_.NowNs(), engine_.draining());
}

// Models that a fallback serves stay as they are.
void RpcServer::OnRecovery(const RecoveryEvent& event) {
  if (event.kind == RecoveryEvent::Kind::kLost) return health_.Drain();
  const bool down = event.kind == RecoveryEvent::Kind::kDown;
  if (down ? event.fallback : event.kind != RecoveryEvent::Kind::kUp) return;
  for (const char* service : {"", "recurd.v1.Recurrent", "inference.GRPCInferenceService"}) health_.Set(service, !down);
  for (const auto& served : engine_.catalog().models()) health_.Set(served->model->name, !down);
}

void RpcServer::ChangeModel(ModelChanges::Request request, ModelChanges::Answer answer) {
  if (model_changes_ == nullptr) return answer(absl::UnimplementedError("this server's models don't change"));
  std::string name = request.name;
  model_changes_->Ask(std::move(request), [this, name = std::move(name),
                                           answer = std::move(answer)](const absl::StatusOr<ModelChange>& change) {
    const bool up = engine_.pipeline_up() || engine_.fallback() != nullptr;
    if (change.ok()) health_.Set(name, up && engine_.catalog().Find(name, "") != nullptr);
    answer(change);
  });
}

void RpcServer::NoteCalls() {
  if (no_calls_ && open_calls_ == 0) std::exchange(no_calls_, nullptr)->set_value();
}

bool RpcServer::WaitForCalls(int64_t timeout_ns) {
  const auto no_calls = std::make_shared<std::promise<void>>();
  mailbox_.Post([this, no_calls] {
    no_calls_ = no_calls;
    NoteCalls();
  });
  return no_calls->get_future().wait_for(std::chrono::nanoseconds(timeout_ns)) == std::future_status::ready;
}

RpcServer::Stopped RpcServer::Stop(int64_t timeout_ns) {
  listeners_->LeaveInherited();
  mailbox_.Post([this] {
    health_.Drain();
    engine_.Drain();
    if (model_changes_ != nullptr) model_changes_->Drain();
    ExpireUnopenedStreams();
    kserve_->Sweep();
  });
  const bool in_time = WaitForCalls(timeout_ns);
  if (!in_time) mailbox_.Post([this] { engine_.Abandon(); });
  // A socket closed with unread data resets the connection, and what the client has not read yet is lost: let it read.
  std::this_thread::sleep_for(kReadingTime);
  listeners_->Stop();
  server_->Shutdown(FromNow(0));
  // Calls that were cut off or came meanwhile end by themselves now; after its shutdown the queue takes nothing more.
  if (!WaitForCalls(kCutOffNs)) return Stopped::kStuck;
  if (options_.sequence_store != nullptr) options_.sequence_store->Listen({});
  std::promise<void> stopping;  // after it nothing is put on the queue any more
  mailbox_.Post([this, &stopping] {
    stopping_ = true;
    sweep_alarm_.Cancel();
    heartbeat_alarm_.Cancel();
    kserve_->Stop();
    stopping.set_value();
  });
  stopping.get_future().wait();
  queue_->Shutdown();
  return in_time ? Stopped::kDrained : Stopped::kCutOff;
}

}  // namespace recurd
