#pragma once

#include <memory>
#include <string>
#include <thread>

#include "grpcpp/grpcpp.h"
#include "server/rpc/server.h"
#include "tests/unit/fakes/fake_clock.h"
#include "tests/unit/fakes/fake_pipeline.h"

namespace recurd {

// The real gRPC server over loopback with the fake pipeline's adder as model "adder".
class InProcessServer {
 public:
  explicit InProcessServer(EngineOptions options = {}, RpcOptions rpc_options = {.listen = "127.0.0.1:0"})
      : pipeline_(pipeline_clock_), engine_(pipeline_, metrics_, clock_, options) {
    auto served = std::make_shared<ServedModel>();
    served->model = FakePipeline::MakeModel();
    served->prepared = *pipeline_.Prepare(served->model);
    served->metrics = metrics_.AddModel("adder", "fake", 0);
    engine_.catalog().Put(served);
    rpc_ = *RpcServer::Listen(rpc_options, engine_, metrics_, clock_);
    rpc_->health().Set("", true);
    rpc_->health().Set("adder", true);
    serving_ = std::thread([this] { rpc_->Run(); });
  }
  ~InProcessServer() { Stop(); }

  bool Stop(int64_t timeout_ns = 5'000'000'000) {
    if (!serving_.joinable()) return true;
    const bool in_time = rpc_->Stop(timeout_ns);
    serving_.join();
    return in_time;
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(rpc_->port()); }
  std::shared_ptr<grpc::Channel> Channel() const {
    return grpc::CreateChannel(address(), grpc::InsecureChannelCredentials());
  }
  RpcServer& rpc() { return *rpc_; }
  Metrics& metrics() { return metrics_; }
  std::thread& serving_thread() { return serving_; }

 private:
  FakeClock pipeline_clock_;
  FakePipeline pipeline_;
  SteadyClock clock_;
  Metrics metrics_;
  Engine engine_;
  std::unique_ptr<RpcServer> rpc_;
  std::thread serving_;
};

}  // namespace recurd
