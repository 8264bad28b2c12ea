#include "tests/bench/rpc/echo_server.h"

#include <chrono>
#include <cstdlib>

#include "server/rpc/task.h"

namespace recurd::bench {
namespace {

Detached Serve(EchoServer* server) {
  grpc::ServerContext context;
  grpc::ServerAsyncReaderWriter<Frame, Frame> stream(&context);
  const bool accepted = co_await Start(
      [&](void* tag) { server->service().RequestStream(&context, &stream, server->queue(), server->queue(), tag); });
  if (!accepted) co_return;
  Serve(server);
  Frame frame;
  while (co_await Start([&](void* tag) { stream.Read(&frame, tag); })) {
    if (!co_await Start([&](void* tag) { stream.Write(frame, tag); })) break;
  }
  co_await Start([&](void* tag) { stream.Finish(grpc::Status::OK, tag); });
}

}  // namespace

EchoServer::EchoServer() {
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
  builder.RegisterService(&service_);
  queue_ = builder.AddCompletionQueue();
  server_ = builder.BuildAndStart();
  if (!server_) std::abort();
}

void EchoServer::Run() {
  Serve(this);
  void* tag;
  bool ok;
  while (queue_->Next(&tag, &ok)) static_cast<QueueOp*>(tag)->Complete(ok);
}

void EchoServer::Stop() {
  server_->Shutdown(std::chrono::system_clock::now());
  queue_->Shutdown();
}

}  // namespace recurd::bench
