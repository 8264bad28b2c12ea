#pragma once

#include <type_traits>

#include "grpcpp/grpcpp.h"
#include "server/rpc/server.h"
#include "server/rpc/task.h"

namespace recurd {

// Answers the calls of one unary method that needs no wait, always with one pending: `request` is the service's
// RequestX, `handler` makes the response.
template <typename Service, typename RequestBase, typename Request, typename Response>
Detached ServeUnary(RpcServer* rpc, Service* service,
                    void (RequestBase::*request_method)(grpc::ServerContext*, Request*,
                                                        grpc::ServerAsyncResponseWriter<Response>*,
                                                        grpc::CompletionQueue*, grpc::ServerCompletionQueue*, void*),
                    grpc::Status (*handler)(RpcServer*, const Request&, Response*)) {
  grpc::ServerContext context;
  Request request;
  grpc::ServerAsyncResponseWriter<Response> writer(&context);
  const bool accepted = co_await Start(
      [&](void* tag) { (service->*request_method)(&context, &request, &writer, rpc->queue(), rpc->queue(), tag); });
  if (!accepted) co_return;
  const RpcServer::OpenCall open(rpc);
  ServeUnary(rpc, service, request_method, handler);
  Response response;
  const grpc::Status status = handler(rpc, request, &response);
  co_await Start(
      [&](void* tag) { status.ok() ? writer.Finish(response, status, tag) : writer.FinishWithError(status, tag); });
}

}  // namespace recurd
