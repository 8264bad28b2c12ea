#include "server/rpc/health.h"

#include "absl/strings/str_cat.h"
#include "server/rpc/server.h"
#include "server/rpc/unary_call.h"

namespace recurd {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

HealthCheckResponse::ServingStatus ToWire(HealthBoard::Status status) {
  switch (status) {
    case HealthBoard::Status::kUnknownService:
      return HealthCheckResponse::SERVICE_UNKNOWN;
    case HealthBoard::Status::kServing:
      return HealthCheckResponse::SERVING;
    case HealthBoard::Status::kNotServing:
      return HealthCheckResponse::NOT_SERVING;
  }
  return HealthCheckResponse::UNKNOWN;
}

grpc::Status Check(RpcServer* rpc, const HealthCheckRequest& request, HealthCheckResponse* response) {
  const HealthBoard::Status status = rpc->health().Get(request.service());
  if (status == HealthBoard::Status::kUnknownService) {
    return {grpc::StatusCode::NOT_FOUND,
            absl::StrCat("no service or model '", request.service(), "'; \"\" asks for the whole server")};
  }
  response->set_status(ToWire(status));
  return grpc::Status::OK;
}

struct WatchCall {
  grpc::ServerContext context;
  HealthCheckRequest request;
  grpc::ServerAsyncWriter<HealthCheckResponse> writer{&context};
  QueueOp done;   // the client is gone, or Finish has been sent
  Event changed;  // the status may have changed, or the client is gone
  Event joined;
  bool over = false;
};

Detached NoteDone(WatchCall* call) {
  co_await call->done;
  call->over = true;
  call->changed.Set();
  call->joined.Set();
}

}  // namespace

void HealthBoard::Set(const std::string& service, bool serving) {
  serving_[service] = serving;
  Notify();
}

void HealthBoard::Drain() {
  draining_ = true;
  Notify();
}

HealthBoard::Status HealthBoard::Get(const std::string& service) const {
  const auto it = serving_.find(service);
  if (it == serving_.end()) return Status::kUnknownService;
  return it->second && !draining_ ? Status::kServing : Status::kNotServing;
}

void HealthBoard::Notify() {
  const std::vector<Event*> watchers = watchers_;  // a woken watcher may leave
  for (Event* changed : watchers) changed->Set();
}

Detached ServeHealthWatch(RpcServer* rpc) {
  WatchCall call;
  call.context.AsyncNotifyWhenDone(call.done.tag());
  const bool accepted = co_await Start([&](void* tag) {
    rpc->health_service().RequestWatch(&call.context, &call.request, &call.writer, rpc->queue(), rpc->queue(), tag);
  });
  if (!accepted) co_return;
  const RpcServer::OpenCall open(rpc);
  ServeHealthWatch(rpc);
  NoteDone(&call);
  HealthBoard& health = rpc->health();
  health.Watch(&call.changed);
  HealthCheckResponse response;
  for (bool first = true; !call.over; first = false) {
    const auto status = ToWire(health.Get(call.request.service()));
    if (first || status != response.status()) {
      response.set_status(status);
      if (!co_await Start([&](void* tag) { call.writer.Write(response, tag); })) break;
    }
    if (health.draining()) break;
    co_await call.changed;
  }
  health.Forget(&call.changed);
  co_await Start([&](void* tag) { call.writer.Finish(grpc::Status::OK, tag); });
  co_await call.joined;
}

void ServeHealthCheck(RpcServer* rpc) {
  ServeUnary(rpc, &rpc->health_service(), &grpc::health::v1::Health::AsyncService::RequestCheck, Role::kAnyone, &Check);
}

}  // namespace recurd
