#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

#include "grpcpp/grpcpp.h"
#include "proto/inference/grpc_predict_v2.grpc.pb.h"
#include "proto/recurd/v1/recurd.grpc.pb.h"
#include "tests/unit/fakes/in_process_server.h"

namespace recurd {

// A server that has the fake's model "mirror", which takes whole sequences only, beside "adder".
class WholeSequenceServer : public ::testing::Test {
 protected:
  void Start(EngineOptions options = {}) {
    server_ = std::make_unique<InProcessServer>(options);
    auto served = server_->Prepare(FakePipeline::MakeWholeModel());
    server_->Do([&](FakePipeline&) { server_->rpc().engine().Serve(served); });
    native_ = v1::Recurrent::NewStub(server_->Channel());
    kserve_ = inference::GRPCInferenceService::NewStub(server_->Channel());
  }
  void SetUp() override { Start(); }

  template <typename Stub, typename Method, typename Request, typename Response>
  static grpc::Status Call(const Stub& stub, Method method, const Request& request, Response* response) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    return (stub.get()->*method)(&context, request, response);
  }
  grpc::Status Infer(const v1::InferRequest& request, v1::InferResponse* response) {
    return Call(native_, &v1::Recurrent::Stub::Infer, request, response);
  }
  grpc::Status Infer(const inference::ModelInferRequest& request, inference::ModelInferResponse* response) {
    return Call(kserve_, &inference::GRPCInferenceService::Stub::ModelInfer, request, response);
  }
  uint64_t Refusals(Refusal refusal) {
    return server_->metrics().server.refusals[static_cast<size_t>(refusal)].value();
  }

  std::unique_ptr<InProcessServer> server_;
  std::unique_ptr<v1::Recurrent::Stub> native_;
  std::unique_ptr<inference::GRPCInferenceService::Stub> kserve_;
};

}  // namespace recurd
