#include "server/rpc/unary_call.h"

#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "proto/grpc/health/v1/health.grpc.pb.h"
#include "proto/recurd/v1/recurd.grpc.pb.h"
#include "tests/unit/fakes/in_process_server.h"

namespace recurd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using HealthResponse = grpc::health::v1::HealthCheckResponse;

void SetDeadline(grpc::ClientContext& context, int seconds) {
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(seconds));
}

grpc::Status Infer(const InProcessServer& server, const v1::InferRequest& request, v1::InferResponse* response) {
  grpc::ClientContext context;
  SetDeadline(context, 10);
  return v1::Recurrent::NewStub(server.Channel())->Infer(&context, request, response);
}

grpc::Status Check(const InProcessServer& server, const std::string& service, HealthResponse* response) {
  grpc::ClientContext context;
  SetDeadline(context, 10);
  grpc::health::v1::HealthCheckRequest request;
  request.set_service(service);
  return grpc::health::v1::Health::NewStub(server.Channel())->Check(&context, request, response);
}

TEST(UnaryCallTest, InfersAWholeSequenceAndKeepsNothing) {
  InProcessServer server;
  v1::InferRequest request;
  request.set_model("adder");
  for (float x : {1, 2, 3}) request.add_inputs(x);
  for (int i = 0; i < 3; ++i) {
    v1::InferResponse response;
    ASSERT_TRUE(Infer(server, request, &response).ok());
    EXPECT_THAT(response.outputs(), ElementsAre(1, 3, 6));
    EXPECT_EQ(response.step_count(), 3u);
  }
  EXPECT_EQ(server.metrics().server.sessions_opened.value(), 0u);
}

TEST(UnaryCallTest, InferReturnsTheLastStepAndTheStateWhenAsked) {
  InProcessServer server;
  v1::InferRequest request;
  request.set_model("adder");
  request.set_last_only(true);
  request.set_return_state(true);
  for (float x : {1, 2, 3}) request.add_inputs(x);
  v1::InferResponse response, next;
  ASSERT_TRUE(Infer(server, request, &response).ok());
  EXPECT_THAT(response.outputs(), ElementsAre(6));
  EXPECT_EQ(response.state().step(), 3u);
  *request.mutable_state() = response.state();
  ASSERT_TRUE(Infer(server, request, &next).ok());
  EXPECT_THAT(next.outputs(), ElementsAre(12));
}

TEST(UnaryCallTest, InferNamesWhatIsWrong) {
  InProcessServer server;
  v1::InferRequest request;
  v1::InferResponse response;
  request.set_model("nobody");
  EXPECT_EQ(Infer(server, request, &response).error_code(), grpc::StatusCode::NOT_FOUND);
  request.set_model("adder");
  EXPECT_EQ(Infer(server, request, &response).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  request.add_inputs(3e38f);
  request.add_inputs(3e38f);
  EXPECT_EQ(Infer(server, request, &response).error_code(), grpc::StatusCode::OUT_OF_RANGE);
}

TEST(UnaryCallTest, ListsAndDescribesModels) {
  InProcessServer server;
  auto stub = v1::Recurrent::NewStub(server.Channel());
  v1::ListModelsResponse list;
  grpc::ClientContext list_context, get_context, missing_context, info_context;
  ASSERT_TRUE(stub->ListModels(&list_context, {}, &list).ok());
  ASSERT_EQ(list.models_size(), 1);
  EXPECT_EQ(list.models(0).name(), "adder");
  v1::GetModelRequest request;
  request.set_model("adder");
  v1::GetModelResponse model;
  ASSERT_TRUE(stub->GetModel(&get_context, request, &model).ok());
  EXPECT_EQ(model.state_size(), 1u);
  EXPECT_EQ(model.weights(), "fp32");
  EXPECT_EQ(model.accuracy().steps(), 64u);
  EXPECT_EQ(model.accuracy().largest_error(), 0.25);
  request.set_version("2");
  EXPECT_THAT(stub->GetModel(&missing_context, request, &model).error_message(), HasSubstr("version '2'"));
  v1::GetServerInfoResponse info;
  ASSERT_TRUE(stub->GetServerInfo(&info_context, {}, &info).ok());
  EXPECT_EQ(info.pipeline(), "fake");
}

TEST(UnaryCallTest, AnUnknownMethodIsUnimplementedWithinASecond) {
  InProcessServer server;
  grpc::GenericStub stub(server.Channel());
  grpc::ClientContext context;
  SetDeadline(context, 1);
  grpc::CompletionQueue queue;
  auto call = stub.PrepareUnaryCall(&context, "/recurd.v1.Recurrent/Nonsense", grpc::ByteBuffer(), &queue);
  grpc::ByteBuffer response;
  grpc::Status status;
  call->StartCall();
  call->Finish(&response, &status, nullptr);
  void* tag;
  bool ok;
  queue.Next(&tag, &ok);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
}

TEST(HealthTest, ChecksTheServerAndEachModelByName) {
  InProcessServer server;
  HealthResponse response;
  ASSERT_TRUE(Check(server, "", &response).ok());
  EXPECT_EQ(response.status(), HealthResponse::SERVING);
  ASSERT_TRUE(Check(server, "adder", &response).ok());
  EXPECT_EQ(Check(server, "nobody", &response).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST(HealthTest, WatchSendsEachChangeAndNotServingWhileDraining) {
  InProcessServer server;
  auto stub = grpc::health::v1::Health::NewStub(server.Channel());
  grpc::ClientContext context;
  SetDeadline(context, 10);
  grpc::health::v1::HealthCheckRequest request;
  request.set_service("late");
  auto reader = stub->Watch(&context, request);
  HealthResponse response;
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(response.status(), HealthResponse::SERVICE_UNKNOWN);
  server.rpc().mailbox().Post([&] { server.rpc().health().Set("late", true); });
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(response.status(), HealthResponse::SERVING);
  std::thread stopping([&] { EXPECT_TRUE(server.Stop()); });
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(response.status(), HealthResponse::NOT_SERVING);
  EXPECT_FALSE(reader->Read(&response));
  stopping.join();
}

TEST(HealthTest, AWatcherThatLeavesIsForgotten) {
  InProcessServer server;
  auto stub = grpc::health::v1::Health::NewStub(server.Channel());
  for (int i = 0; i < 20; ++i) {
    grpc::ClientContext context;
    auto reader = stub->Watch(&context, {});
    HealthResponse response;
    ASSERT_TRUE(reader->Read(&response));
    context.TryCancel();
    reader->Finish();
  }
  HealthResponse response;
  EXPECT_TRUE(Check(server, "", &response).ok());
}

TEST(ServerTest, ATakenPortIsAnErrorThatNamesIt) {
  InProcessServer server;
  FakeClock clock;
  FakePipeline pipeline(clock);
  Metrics metrics;
  Engine engine(pipeline, metrics, clock, {});
  const auto second = RpcServer::Listen({.listen = server.address()}, engine, metrics, clock);
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(std::string(second.status().message()), HasSubstr(server.address()));
}

}  // namespace
}  // namespace recurd
