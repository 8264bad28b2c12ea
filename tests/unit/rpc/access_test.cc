#include "server/rpc/access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/unit/fakes/in_process_server.h"
#include "tests/unit/rpc/guarded_calls.h"

namespace recurd {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class TokenTest : public ::testing::Test {
 protected:
  InProcessServer server_{{}, {.listen = "127.0.0.1:0", .tokens = ParsedTokens()}};
  const Channel channel_ = server_.Channel();
};

TEST_F(TokenTest, ACallWithoutOneOrWithAWrongOneIsUnauthenticated) {
  EXPECT_EQ(Code(ListModels(channel_)), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_THAT(ListModels(channel_).error_message(), HasSubstr("--auth_tokens_file"));
  const grpc::Status wrong = ListModels(channel_, "mXfUR0Zt4r9kN2cQ8sW1vB");
  EXPECT_EQ(Code(wrong), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_THAT(wrong.error_message(), Not(HasSubstr("mXfUR")));
  EXPECT_EQ(Code(Infer(channel_)), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(Code(InferKserve(channel_, kserve::Steps({1})).status), grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(TokenTest, ACallWithTheRightRoleIsAnswered) {
  EXPECT_TRUE(ListModels(channel_, kStreamToken).ok());
  EXPECT_TRUE(Infer(channel_, kStreamToken).ok());
  EXPECT_THAT(InferKserve(channel_, kserve::Steps({1, 2}), kStreamToken).y, ElementsAre(1, 3));
  EXPECT_EQ(Code(Unload(channel_, kAdminToken)), kUnloadAnswered);
}

TEST_F(TokenTest, ACallWithoutTheRoleIsRefusedByTheTokensName) {
  const grpc::Status status = Unload(channel_, kStreamToken);
  EXPECT_EQ(Code(status), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_THAT(status.error_message(), AllOf(HasSubstr("'ward-7'"), HasSubstr("admin"), Not(HasSubstr(kStreamToken))));
  EXPECT_EQ(Code(Infer(channel_, kMetricsToken)), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(Code(ListModels(channel_, kAdminToken)), grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(TokenTest, RefusedCallsAreCounted) {
  const Counter& refused = server_.metrics().server.refusals[static_cast<size_t>(Refusal::kForbidden)];
  ListModels(channel_, kStreamToken);
  EXPECT_EQ(refused.value(), 0u);
  ListModels(channel_);
  Unload(channel_, kStreamToken);
  EXPECT_EQ(refused.value(), 2u);
}

TEST_F(TokenTest, TwoHeadersAreNone) {
  Context context(kStreamToken);
  context.AddMetadata("authorization", std::string("Bearer ") + kOtherToken);
  v1::ListModelsResponse response;
  EXPECT_EQ(Code(v1::Recurrent::NewStub(channel_)->ListModels(&context, {}, &response)),
            grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(TokenTest, HealthIsForAnyone) { EXPECT_TRUE(CheckHealth(channel_).ok()); }

TEST_F(TokenTest, AKserveStreamWithoutOneEndsUnauthenticated) {
  Context context;
  auto stream = Kserve::NewStub(channel_)->ModelStreamInfer(&context);
  stream->Write(kserve::Steps({1}));
  inference::ModelStreamInferResponse response;
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_EQ(Code(stream->Finish()), grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(TokenTest, SequencesOfTwoHoldersWithOneIdNeverMeet) {
  EXPECT_THAT(InferKserve(channel_, kserve::Of(7, {1}, kserve::kStart), kStreamToken).y, ElementsAre(1));
  EXPECT_EQ(Code(InferKserve(channel_, kserve::Of(7, {1}), kOtherToken).status), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(InferKserve(channel_, kserve::Of(7, {10}, kserve::kStart), kOtherToken).y, ElementsAre(10));
  EXPECT_THAT(InferKserve(channel_, kserve::Of(7, {2}), kStreamToken).y, ElementsAre(3));
  EXPECT_THAT(InferKserve(channel_, kserve::Of(7, {20}), kOtherToken).y, ElementsAre(30));
}

TEST_F(TokenTest, AreExchangedWhileItServes) {
  server_.Do(
      [&](FakePipeline&) { server_.rpc().access().SetTokens(ParsedTokens("ward-7 stream 0123456789abcdef\n")); });
  EXPECT_EQ(Code(ListModels(channel_, kStreamToken)), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_TRUE(ListModels(channel_, "0123456789abcdef").ok());
}

// gRPC closes the connection of a call whose headers it refused: the answer may be lost, the next call needs another.
TEST(HeaderTest, ThatAreTooLongAreRefusedAndTheServerGoesOn) {
  InProcessServer server;
  EXPECT_THAT(Code(ListModels(Connect(server.address()), std::string(30'000, 'x'))),
              AnyOf(grpc::StatusCode::RESOURCE_EXHAUSTED, grpc::StatusCode::UNAVAILABLE));
  const grpc::Status next =
      ListModels(Connect(server.address()), std::string(12'000, 'x'));  // gRPC's own limit is 8 KiB
  EXPECT_TRUE(next.ok()) << next.error_message();
}

TEST(ConnectionTest, HasRoomForAsManyCallsAsThereMayBeSessionsAndNoMore) {
  InProcessServer server({.max_sessions = 2, .max_unary = 1});
  const Channel one = Connect(server.address());
  const auto stub = v1::Recurrent::NewStub(one);
  std::vector<std::unique_ptr<Context>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReaderWriter<v1::StreamRequest, v1::StreamResponse>>> streams;
  ASSERT_TRUE(ListModels(one).ok());  // the server's settings are here
  for (int i = 0; i < 3; ++i) streams.push_back(stub->Stream(contexts.emplace_back(std::make_unique<Context>()).get()));
  Context waiting;
  waiting.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(300));
  v1::ListModelsResponse response;
  EXPECT_EQ(Code(stub->ListModels(&waiting, {}, &response)), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_TRUE(ListModels(Connect(server.address())).ok());
  for (auto& context : contexts) context->TryCancel();
  for (auto& stream : streams) stream->Finish();
}

}  // namespace
}  // namespace recurd
