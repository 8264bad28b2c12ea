#pragma once

#include <memory>

#include "grpcpp/grpcpp.h"
#include "tests/bench/rpc/echo.grpc.pb.h"

namespace recurd::bench {

// The floor that the daemon is measured against: a bare gRPC echo on one completion queue polled by one thread, doing
// nothing else.
class EchoServer {
 public:
  // Listens on a free port of 127.0.0.1; aborts if there is none.
  EchoServer();
  int port() const { return port_; }
  // Echoes until Stop. One thread.
  void Run();
  void Stop();

  Echo::AsyncService& service() { return service_; }
  grpc::ServerCompletionQueue* queue() { return queue_.get(); }

 private:
  Echo::AsyncService service_;
  int port_ = 0;
  std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace recurd::bench
