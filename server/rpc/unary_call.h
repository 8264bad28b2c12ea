#pragma once

#include <type_traits>

#include "grpcpp/grpcpp.h"
#include "server/rpc/access.h"
#include "server/rpc/convert.h"
#include "server/rpc/server.h"
#include "server/rpc/task.h"

namespace recurd {

// How a call ends whose answer comes later.
struct LaterStatus {
  grpc::Status status;
  Event known;  // to be set once, by the serving thread; the response must be filled in by then
};

// Answers the calls of one unary method, always with one pending: `request_method` is the service's RequestX, `role`
// what a caller must have. `handler(rpc, request, response)` or `handler(rpc, caller, request, response)` makes the
// response; `handler(rpc, request, response, later)` has it made.
template <typename Service, typename RequestBase, typename Request, typename Response, typename Handler>
Detached ServeUnary(RpcServer* rpc, Service* service,
                    void (RequestBase::*request_method)(grpc::ServerContext*, Request*,
                                                        grpc::ServerAsyncResponseWriter<Response>*,
                                                        grpc::CompletionQueue*, grpc::ServerCompletionQueue*, void*),
                    Role role, Handler handler) {
  grpc::ServerContext context;
  Request request;
  grpc::ServerAsyncResponseWriter<Response> writer(&context);
  const bool accepted = co_await Start(
      [&](void* tag) { (service->*request_method)(&context, &request, &writer, rpc->queue(), rpc->queue(), tag); });
  if (!accepted) co_return;
  const RpcServer::OpenCall open(rpc);
  ServeUnary(rpc, service, request_method, role, handler);
  Response response;
  grpc::Status status;
  const absl::StatusOr<Caller> caller = rpc->access().Admit(context, role);
  if (!caller.ok()) {
    status = ToGrpc(caller.status());
  } else if constexpr (std::is_invocable_v<Handler, RpcServer*, const Request&, Response*>) {
    status = handler(rpc, request, &response);
  } else if constexpr (std::is_invocable_v<Handler, RpcServer*, const Request&, Response*, LaterStatus*>) {
    LaterStatus later;
    handler(rpc, request, &response, &later);
    co_await later.known;
    status = later.status;
  } else {
    status = handler(rpc, *caller, request, &response);
  }
  co_await Start(
      [&](void* tag) { status.ok() ? writer.Finish(response, status, tag) : writer.FinishWithError(status, tag); });
}

}  // namespace recurd
