// A failing pipeline as it looks from the other end of the wire.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "proto/grpc/health/v1/health.grpc.pb.h"
#include "tests/unit/fakes/in_process_server.h"
#include "tests/unit/fakes/test_stream.h"

namespace recurd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using HealthResponse = grpc::health::v1::HealthCheckResponse;

constexpr int kUnavailable = static_cast<int>(absl::StatusCode::kUnavailable);
constexpr int64_t kSecondNs = 1'000'000'000;

class Watcher {
 public:
  Watcher(const InProcessServer& server, const std::string& service)
      : stub_(grpc::health::v1::Health::NewStub(server.Channel())) {
    grpc::health::v1::HealthCheckRequest request;
    request.set_service(service);
    context_.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    reader_ = stub_->Watch(&context_, request);
  }
  ~Watcher() {
    context_.TryCancel();
    reader_->Finish();
  }
  HealthResponse::ServingStatus Next() {
    HealthResponse response;
    return reader_->Read(&response) ? response.status() : HealthResponse::UNKNOWN;
  }

 private:
  std::unique_ptr<grpc::health::v1::Health::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<HealthResponse>> reader_;
};

grpc::Status Infer(const InProcessServer& server, v1::InferResponse* response, bool allow_profile_change = false) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
  v1::InferRequest request;
  request.set_model("adder");
  request.add_inputs(5);
  request.set_allow_profile_change(allow_profile_change);
  return v1::Recurrent::NewStub(server.Channel())->Infer(&context, request, response);
}

// Opens a stream that has taken one step, x = 3.
std::unique_ptr<TestStream> Stepped(const InProcessServer& server, bool allow_profile_change = false) {
  auto stream = std::make_unique<TestStream>(server);
  stream->Open("adder", allow_profile_change);
  EXPECT_TRUE(stream->Receive().has_opened());
  stream->SendChunk(0, {3});
  EXPECT_THAT(stream->Receive().outputs().outputs(), ElementsAre(3));
  return stream;
}

// Takes the pipeline down by a run of `stream`, which then waits, and holds the repair until hold_repair is false.
void BringDown(InProcessServer& server, TestStream& stream, uint64_t step) {
  server.pipeline().hold_repair = true;
  server.Do([](FakePipeline& pipeline) { pipeline.script = {FakePipeline::Lost()}; });
  stream.SendChunk(step, {1});
  WaitFor([&] { return server.metrics().server.pipeline_up.value() == 0; });
}

TEST(RpcOutageTest, RefusesWithAdviceAndAStateThenServesAgain) {
  InProcessServer server;
  const auto client = Stepped(server), culprit = Stepped(server);
  BringDown(server, *culprit, 1);
  client->SendChunk(1, {4}, 9);
  client->SendChunk(1, {4});
  const v1::State state = client->Receive().checkpoint().state();
  EXPECT_EQ(state.step(), 1u);
  EXPECT_THAT(state.values(), ElementsAre(3));
  const v1::Refused refused = client->Receive().refused();
  EXPECT_EQ(refused.code(), kUnavailable);
  EXPECT_EQ(refused.expected_step(), 1u);
  EXPECT_EQ(refused.retry_after_ms(), 1000u);
  EXPECT_EQ(refused.client_tag(), 9u);
  EXPECT_THAT(refused.message(), HasSubstr("being repaired"));
  EXPECT_EQ(client->Receive().refused().code(), kUnavailable);
  server.pipeline().hold_repair = false;
  EXPECT_THAT(culprit->Receive().outputs().outputs(), ElementsAre(4));
  client->SendChunk(1, {4});
  EXPECT_THAT(client->Receive().outputs().outputs(), ElementsAre(7));
}

TEST(RpcOutageTest, HealthIsNotServingUntilTheRepairHasHelped) {
  InProcessServer server;
  Watcher model(server, "adder"), whole(server, ""), service(server, "recurd.v1.Recurrent");
  EXPECT_EQ(model.Next(), HealthResponse::SERVING);
  EXPECT_EQ(whole.Next(), HealthResponse::SERVING);
  service.Next();
  const auto culprit = Stepped(server);
  BringDown(server, *culprit, 1);
  EXPECT_EQ(model.Next(), HealthResponse::NOT_SERVING);
  EXPECT_EQ(whole.Next(), HealthResponse::NOT_SERVING);
  EXPECT_EQ(service.Next(), HealthResponse::NOT_SERVING);
  server.pipeline().hold_repair = false;
  EXPECT_EQ(model.Next(), HealthResponse::SERVING);
  EXPECT_EQ(whole.Next(), HealthResponse::SERVING);
  EXPECT_EQ(service.Next(), HealthResponse::SERVING);
}

TEST(RpcOutageTest, NewStreamsAndUnaryCallsAreUnavailableMeanwhile) {
  InProcessServer server;
  const auto culprit = Stepped(server);
  BringDown(server, *culprit, 1);
  TestStream stream(server);
  stream.Open();
  EXPECT_EQ(stream.Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  v1::InferResponse response;
  const grpc::Status status = Infer(server, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(status.error_message(), HasSubstr("try again in 1000 ms"));
  grpc::ClientContext context;
  v1::ListModelsResponse models;
  v1::Recurrent::NewStub(server.Channel())->ListModels(&context, {}, &models);
  EXPECT_THAT(models.models(0).state(), HasSubstr("UNAVAILABLE"));
  server.pipeline().hold_repair = false;
  culprit->Receive();
  EXPECT_TRUE(Infer(server, &response).ok());
}

TEST(RpcOutageTest, ALostPipelineEndsStreamsWithTheirStateAndTheProcess) {
  InProcessServer server;
  Watcher model(server, "adder");
  model.Next();
  const auto idle = Stepped(server), culprit = Stepped(server);
  server.Do([](FakePipeline& pipeline) {
    pipeline.script = {FakePipeline::Lost()};
    pipeline.repairable = false;
  });
  culprit->SendChunk(1, {1});
  EXPECT_EQ(culprit->Receive().refused().code(), kUnavailable);
  for (TestStream* stream : {idle.get(), culprit.get()}) {
    EXPECT_THAT(stream->Receive().checkpoint().state().values(), ElementsAre(3));
    const v1::Ended ended = stream->Receive().ended();
    EXPECT_EQ(ended.reason(), v1::Ended::DRAINED);
    EXPECT_EQ(ended.next_step(), 1u);
    EXPECT_TRUE(stream->Finish().ok());
  }
  while (model.Next() == HealthResponse::NOT_SERVING) {
  }
  WaitFor([&] { return server.lost(); });
  EXPECT_TRUE(server.Stop());
}

TEST(RpcOutageTest, TheFallbackServesThoseWhoAllowItAndSaysSo) {
  InProcessServer server({}, {.listen = "127.0.0.1:0"}, true);
  const auto strict = Stepped(server), easy = Stepped(server, true);
  BringDown(server, *easy, 1);
  const v1::Outputs moved = easy->Receive().outputs();
  EXPECT_THAT(moved.outputs(), ElementsAre(4));
  EXPECT_EQ(moved.fallback(), "spare");
  EXPECT_EQ(moved.numerics_profile(), "other");
  strict->SendChunk(1, {1});
  EXPECT_TRUE(strict->Receive().has_checkpoint());
  EXPECT_EQ(strict->Receive().refused().code(), kUnavailable);
  v1::InferResponse response;
  ASSERT_TRUE(Infer(server, &response).ok());
  EXPECT_EQ(response.fallback(), "spare");
  EXPECT_EQ(response.numerics_profile(), "other");
  EXPECT_EQ(Watcher(server, "adder").Next(), HealthResponse::SERVING);
  server.pipeline().hold_repair = false;
  WaitFor([&] { return server.metrics().server.pipeline_up.value() == 1; });
  for (TestStream* stream : {strict.get(), easy.get()}) {
    stream->SendChunk(stream == easy.get() ? 2 : 1, {1});
    const v1::Outputs back = stream->Receive().outputs();
    EXPECT_EQ(back.fallback(), "");
    EXPECT_EQ(back.numerics_profile(), "");
  }
}

TEST(RpcOutageTest, ALostPipelineIsNotServingWhateverTheFallbackDid) {
  InProcessServer server({}, {.listen = "127.0.0.1:0"}, true);
  Watcher model(server, "adder");
  EXPECT_EQ(model.Next(), HealthResponse::SERVING);
  const auto culprit = Stepped(server, true);
  server.pipeline().repairable = false;
  BringDown(server, *culprit, 1);
  EXPECT_TRUE(culprit->Receive().has_outputs());
  server.pipeline().hold_repair = false;
  EXPECT_EQ(model.Next(), HealthResponse::NOT_SERVING);
  EXPECT_THAT(culprit->Receive().checkpoint().state().numerics_profile(), "other");
}

TEST(RpcOutageTest, AStreamOpenedOnTheFallbackSaysWhenItsProfileChangesBack) {
  InProcessServer server({}, {.listen = "127.0.0.1:0"}, true);
  const auto culprit = Stepped(server);
  BringDown(server, *culprit, 1);
  TestStream stream(server);
  stream.Open("adder", true);
  EXPECT_EQ(stream.Receive().opened().numerics_profile(), "other");
  stream.SendChunk(0, {1});
  const v1::Outputs first = stream.Receive().outputs();
  EXPECT_EQ(first.fallback(), "spare");
  EXPECT_EQ(first.numerics_profile(), "");
  server.pipeline().hold_repair = false;
  culprit->Receive();
  stream.SendChunk(1, {1});
  const v1::Outputs back = stream.Receive().outputs();
  EXPECT_EQ(back.fallback(), "");
  EXPECT_EQ(back.numerics_profile(), "fake");
}

TEST(RpcOutageTest, StopDoesNotWaitForARunThatNeverComesOff) {
  InProcessServer server;
  const auto stream = Stepped(server);
  server.pipeline().hold = true;
  stream->SendChunk(1, {1});
  WaitFor([&] { return server.metrics().server.sessions_active.value() == 1; });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const SteadyClock clock;
  const int64_t start_ns = clock.NowNs();
  EXPECT_EQ(server.StopAs(kSecondNs / 5), RpcServer::Stopped::kCutOff);
  EXPECT_LT(clock.NowNs() - start_ns, 3 * kSecondNs);
  EXPECT_EQ(stream->Receive().refused().code(), kUnavailable);
  EXPECT_THAT(stream->Receive().checkpoint().state().values(), ElementsAre(3));
  EXPECT_EQ(stream->Receive().ended().reason(), v1::Ended::DRAINED);
}

TEST(RpcOutageTest, StopSaysWhenTheServingThreadItselfHangs) {
  InProcessServer server;
  const auto stream = Stepped(server);
  server.pipeline().stuck = true;
  stream->SendChunk(1, {1});
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(server.StopAs(kSecondNs / 5), RpcServer::Stopped::kStuck);
  server.pipeline().stuck = false;
}

}  // namespace
}  // namespace recurd
