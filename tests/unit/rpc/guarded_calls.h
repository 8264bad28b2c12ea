#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "grpcpp/grpcpp.h"
#include "proto/grpc/health/v1/health.grpc.pb.h"
#include "proto/inference/grpc_predict_v2.grpc.pb.h"
#include "proto/recurd/v1/recurd.grpc.pb.h"
#include "server/base/tokens.h"
#include "tests/unit/fakes/test_stream.h"
#include "tests/unit/rpc/kserve_requests.h"

namespace recurd {

// Calls with and without a right to them, to a server of the fake pipeline's model "adder".

using Channel = std::shared_ptr<grpc::Channel>;
using Kserve = inference::GRPCInferenceService;

inline constexpr char kStreamToken[] = "mXfUR0Zt4r9kN2cQ8sW1vA";
inline constexpr char kOtherToken[] = "b2OeXjYp7TnKd5VwH0mCzS";
inline constexpr char kAdminToken[] = "w3JrTq5BnE0yLhD7kPzG6u";
inline constexpr char kMetricsToken[] = "8dHcVx1aSoKi4MfYbR9eQ2";
inline constexpr char kTokens[] =
    "ward-7 stream mXfUR0Zt4r9kN2cQ8sW1vA\n"
    "ward-8 stream b2OeXjYp7TnKd5VwH0mCzS\n"
    "ops admin w3JrTq5BnE0yLhD7kPzG6u\n"
    "prometheus metrics 8dHcVx1aSoKi4MfYbR9eQ2\n";

inline std::shared_ptr<const Tokens> ParsedTokens(const std::string& text = kTokens) {
  return std::make_shared<const Tokens>(*Tokens::Parse(text));
}

// A call's context: with a deadline, and with a token unless it is "".
struct Context : grpc::ClientContext {
  explicit Context(const std::string& token = "") {
    set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    if (!token.empty()) AddMetadata("authorization", "Bearer " + token);
  }
};

// A connection of its own each time.
inline Channel Connect(const std::string& address,
                       std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials()) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(address, credentials, arguments);
}

inline grpc::Status ListModels(const Channel& channel, const std::string& token = "") {
  Context context(token);
  v1::ListModelsResponse response;
  return v1::Recurrent::NewStub(channel)->ListModels(&context, {}, &response);
}

inline grpc::Status Infer(const Channel& channel, const std::string& token = "") {
  Context context(token);
  v1::InferRequest request;
  request.set_model("adder");
  request.add_inputs(1);
  v1::InferResponse response;
  return v1::Recurrent::NewStub(channel)->Infer(&context, request, &response);
}

// An admin call; its own answer is NOT_FOUND.
inline grpc::Status Unload(const Channel& channel, const std::string& token = "") {
  Context context(token);
  inference::RepositoryModelUnloadRequest request;
  request.set_model_name("nobody");
  inference::RepositoryModelUnloadResponse response;
  return Kserve::NewStub(channel)->RepositoryModelUnload(&context, request, &response);
}
inline constexpr grpc::StatusCode kUnloadAnswered = grpc::StatusCode::NOT_FOUND;

inline grpc::Status CheckHealth(const Channel& channel) {
  Context context;
  grpc::health::v1::HealthCheckResponse response;
  return grpc::health::v1::Health::NewStub(channel)->Check(&context, {}, &response);
}

struct KserveAnswer {
  grpc::Status status;
  std::vector<float> y;
};
inline KserveAnswer InferKserve(const Channel& channel, const inference::ModelInferRequest& request,
                                const std::string& token = "") {
  Context context(token);
  inference::ModelInferResponse response;
  KserveAnswer answer{Kserve::NewStub(channel)->ModelInfer(&context, request, &response), {}};
  if (answer.status.ok()) answer.y = kserve::Floats(response.raw_output_contents(0));
  return answer;
}

inline grpc::StatusCode Code(const grpc::Status& status) { return status.error_code(); }

}  // namespace recurd
