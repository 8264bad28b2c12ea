#include "server/rpc/kserve_service.h"

#include "server/rpc/server.h"

namespace recurd::kserve {

Service::Service(RpcServer* rpc)
    : rpc_(rpc),
      sequences_(rpc->engine(), rpc->clock()),
      server_{rpc->engine(), rpc->metrics(), rpc->clock(), sequences_} {}

void Service::AcceptAll() {
  ServeInferCalls(this);
  ServeStreamCall(this);
  ServeModelCalls(this);
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
