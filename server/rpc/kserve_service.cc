#include "server/rpc/kserve_service.h"

#include <algorithm>
#include <utility>

#include "server/rpc/server.h"

namespace recurd::kserve {
namespace {

constexpr size_t kKeepAtATime = 32;  // checkpoints made before the queue gets its turn

}  // namespace

Service::Service(RpcServer* rpc)
    : rpc_(rpc),
      sequences_(rpc->engine(), rpc->clock(), rpc->sequence_store()),
      server_{rpc->engine(), rpc->metrics(), rpc->clock(), sequences_} {}

void Service::AcceptAll() {
  ServeInferCalls(this);
  ServeStreamCall(this);
  ServeModelCalls(this);
  if (!sequences_.has_store()) return;
  rpc_->sequence_store()->Listen(
      sequences_.ListenerFor([rpc = rpc_](std::function<void()> message) { rpc->mailbox().Post(std::move(message)); }));
  KeepSequences(this);
}

// A timer on the queue: what messages change is written between them. What changes meanwhile has its turn an interval
// later.
Detached Service::KeepSequences(Service* service) {
  const int64_t interval_ns = service->rpc_->sequence_store()->options().interval_ns;
  const auto wait = [service](int64_t ns, void* tag) {
    const gpr_timespec when = gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_nanos(ns, GPR_TIMESPAN));
    service->keep_alarm_.Set(service->rpc_->queue(), when, tag);
  };
  while (!service->stopping_) {
    co_await Start([&](void* tag) { wait(interval_ns, tag); });
    for (size_t left = service->sequences_.changed_count(); left > 0 && !service->stopping_;) {
      const size_t kept = service->sequences_.KeepChanged(std::min(left, kKeepAtATime));
      if (kept == 0) break;
      left -= kept;
      co_await Start([&](void* tag) { wait(0, tag); });
    }
  }
}

void Service::Stop() {
  stopping_ = true;
  keep_alarm_.Cancel();
}

void Service::Sweep() {
  const bool draining = rpc_->engine().draining();
  for (Call* call : calls_) call->OnSweep(draining);
  sequences_.Settle();
}

void Service::Add(Call* call) {
  call->place_ = calls_.size();
  calls_.push_back(call);
}

void Service::Remove(Call* call) {
  calls_[call->place_] = calls_.back();
  calls_[call->place_]->place_ = call->place_;
  calls_.pop_back();
}

}  // namespace recurd::kserve
