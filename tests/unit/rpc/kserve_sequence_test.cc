// The rules of sequences, by unary calls: real gRPC over loopback.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <future>
#include <limits>
#include <memory>
#include <thread>
#include <vector>

#include "proto/inference/grpc_predict_v2.grpc.pb.h"
#include "server/rpc/kserve_sequences.h"
#include "tests/unit/fakes/in_process_server.h"
#include "tests/unit/rpc/kserve_requests.h"

namespace recurd::kserve {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

struct Answer {
  grpc::Status status;
  inference::ModelInferResponse response;

  std::vector<float> y() const {
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.raw_output_contents().empty() ? std::vector<float>() : Floats(response.raw_output_contents(0));
  }
  grpc::StatusCode code() const { return status.error_code(); }
  std::string text() const { return status.error_message(); }
};

class KserveSequenceTest : public ::testing::Test {
 protected:
  void StartServer(EngineOptions options = {}) {
    stub_.reset();
    server_.reset();
    server_ = std::make_unique<InProcessServer>(options);
    stub_ = inference::GRPCInferenceService::NewStub(server_->Channel());
  }
  void SetUp() override { StartServer(); }

  Answer Infer(const inference::ModelInferRequest& request, int64_t timeout_ms = 20'000) {
    Answer answer;
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(timeout_ms));
    answer.status = stub_->ModelInfer(&context, request, &answer.response);
    return answer;
  }
  std::future<Answer> InferLater(const inference::ModelInferRequest& request, int64_t timeout_ms = 20'000) {
    return std::async(std::launch::async, [this, request, timeout_ms] { return Infer(request, timeout_ms); });
  }
  // Has the pipeline hold a run in flight, of a sequence of its own, while `act` runs.
  void WhileBusy(const std::function<void()>& act) {
    const int before = Runs();
    server_->pipeline().hold = true;
    auto busy = InferLater(Of(999, {1}, kBoth));
    WaitFor([&] { return Runs() > before; });
    act();
    server_->pipeline().hold = false;
    server_->Do([](FakePipeline&) {});
    busy.get();
  }
  int Runs() {
    int runs = 0;
    server_->Do([&](FakePipeline& pipeline) { runs = pipeline.runs; });
    return runs;
  }
  static void WaitFor(const std::function<bool()>& condition) {
    for (int i = 0; i < 2000; ++i) {
      if (condition()) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    ADD_FAILURE() << "ten seconds were not enough";
  }
  // What was sent from another thread has been taken up by then.
  static void LetArrive() { std::this_thread::sleep_for(std::chrono::milliseconds(150)); }

  ServerMetrics& metrics() { return server_->metrics().server; }
  uint64_t Ended(EndReason reason) { return metrics().sessions_ended[static_cast<size_t>(reason)].value(); }
  uint64_t Refused(Refusal refusal) { return metrics().refusals[static_cast<size_t>(refusal)].value(); }

  std::unique_ptr<InProcessServer> server_;
  std::unique_ptr<inference::GRPCInferenceService::Stub> stub_;
};

TEST_F(KserveSequenceTest, WithoutAnIdARequestIsAWholeSequence) {
  for (int i = 0; i < 2; ++i) EXPECT_THAT(Infer(Steps({1, 2, 3})).y(), ElementsAre(1, 3, 6));
  EXPECT_THAT(Infer(Of(Text(""), {5})).y(), ElementsAre(5));
  EXPECT_THAT(Infer(Of(0, {5}, kBoth)).y(), ElementsAre(5));
  EXPECT_EQ(metrics().sessions_opened.value(), 0u);
}

TEST_F(KserveSequenceTest, StartBeginsStepsFollowAndEndFreesTheId) {
  EXPECT_THAT(Infer(Of(7, {1}, kStart)).y(), ElementsAre(1));
  EXPECT_THAT(Infer(Of(7, {2, 3})).y(), ElementsAre(3, 6));
  EXPECT_EQ(metrics().sessions_active.value(), 1);
  EXPECT_THAT(Infer(Of(7, {4}, kEnd)).y(), ElementsAre(10));
  const Answer after = Infer(Of(7, {5}));
  EXPECT_EQ(after.code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(after.text(), HasSubstr("closed"));
  EXPECT_THAT(after.text(), HasSubstr("after 4 steps"));
  EXPECT_EQ(metrics().sessions_active.value(), 0);
  EXPECT_EQ(Ended(EndReason::kClosed), 1u);
  EXPECT_THAT(Infer(Of(7, {5}, kStart)).y(), ElementsAre(5));
}

TEST_F(KserveSequenceTest, StartAndEndInOneRequestAreASequenceOfIt) {
  EXPECT_THAT(Infer(Of(7, {1, 2}, kBoth)).y(), ElementsAre(1, 3));
  EXPECT_THAT(Infer(Of(7, {4}, kBoth)).y(), ElementsAre(4));
  EXPECT_EQ(Infer(Of(7, {1})).code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(KserveSequenceTest, WithoutStartAnIdThatIsNotLiveIsRefusedInTheWordsThatClientsKnow) {
  for (const Flags flags : {Flags{}, kEnd}) {
    const Answer answer = Infer(Of(7, {1}, flags));
    EXPECT_EQ(answer.code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_THAT(answer.text(), StartsWith("inference request for sequence 7 to model 'adder' must specify the START "
                                          "flag on the first request of the sequence"));
    EXPECT_THAT(answer.text(), HasSubstr("no sequence of that name is known"));
  }
  EXPECT_THAT(Infer(Of(Text("a\n7"), {1})).text(), StartsWith("inference request for sequence a\\n7 to model"));
  EXPECT_EQ(Refused(Refusal::kNotStarted), 3u);
}

TEST_F(KserveSequenceTest, StartOnALiveIdRestartsIt) {
  Infer(Of(7, {1}, kStart));
  EXPECT_THAT(Infer(Of(7, {10}, kStart)).y(), ElementsAre(10));
  EXPECT_THAT(Infer(Of(7, {1})).y(), ElementsAre(11));
  EXPECT_EQ(metrics().sessions_active.value(), 1);
  EXPECT_EQ(Ended(EndReason::kRestarted), 1u);
}

TEST_F(KserveSequenceTest, ARestartLetsWhatCameBeforeItFinishThoughItIsDoneFirst) {
  StartServer({.quantum_ns = 1000});
  Infer(Of(7, {1}, kStart));
  std::future<Answer> steps, restart;
  WhileBusy([&] {
    steps = InferLater(Of(7, std::vector<float>(2000, 1)));
    LetArrive();
    restart = InferLater(Of(7, {10}, kStart));
    LetArrive();
  });
  EXPECT_THAT(restart.get().y(), ElementsAre(10));
  EXPECT_EQ(steps.get().y().back(), 2001);
  EXPECT_THAT(Infer(Of(7, {1})).y(), ElementsAre(11));
}

TEST_F(KserveSequenceTest, NumbersAreOneIdWhateverTheirKindAndTextsAreOthers) {
  Infer(Of(Int(7), {1}, kStart));
  EXPECT_THAT(Infer(Of(Unsigned(7), {1})).y(), ElementsAre(2));
  Infer(Of(Int(-1), {1}, kStart));
  EXPECT_THAT(Infer(Of(Unsigned(UINT64_MAX), {1})).y(), ElementsAre(2));
  EXPECT_EQ(Infer(Of(Text("7"), {1})).code(), grpc::StatusCode::INVALID_ARGUMENT);
  Infer(Of(Text("7"), {100}, kStart));
  EXPECT_THAT(Infer(Of(Text("7"), {1})).y(), ElementsAre(101));
  EXPECT_THAT(Infer(Of(Int(7), {1})).y(), ElementsAre(3));
  EXPECT_EQ(metrics().sessions_active.value(), 3);
}

TEST_F(KserveSequenceTest, InterleavedSequencesKeepTheirOwnStates) {
  for (int id = 1; id <= 20; ++id) Infer(Of(id, {static_cast<float>(id)}, kStart));
  for (int id = 20; id >= 1; --id) {
    EXPECT_THAT(Infer(Of(id, {1})).y(), ElementsAre(static_cast<float>(id) + 1));
  }
}

TEST_F(KserveSequenceTest, ARefusedRequestChangesNothing) {
  Infer(Of(7, {1}, kStart));
  for (const Flags flags : {Flags{}, kStart, kEnd, kBoth}) {
    EXPECT_EQ(Infer(Of(7, {kNaN}, flags)).code(), grpc::StatusCode::INVALID_ARGUMENT);
    auto other_type = Of(7, {1}, flags);
    other_type.mutable_inputs(0)->set_datatype("FP16");
    EXPECT_EQ(Infer(other_type).code(), grpc::StatusCode::INVALID_ARGUMENT);
    auto other_version = Of(7, {1}, flags);
    other_version.set_model_version("2");
    EXPECT_FALSE(Infer(other_version).status.ok());
  }
  EXPECT_THAT(Infer(Of(7, {1})).y(), ElementsAre(2));
  EXPECT_EQ(metrics().sessions_opened.value(), 1u);
}

TEST_F(KserveSequenceTest, ARestartThatIsRefusedWhileItWaitsLeavesTheOldSequence) {
  Infer(Of(7, {1}, kStart));
  server_->pipeline().hold_repair = true;
  server_->Do([](FakePipeline& pipeline) { pipeline.script = {FakePipeline::Lost()}; });
  server_->pipeline().hold = true;
  auto lost = InferLater(Of(8, {1}, kStart));
  WaitFor([&] { return Runs() > 1; });
  auto restart = InferLater(Of(7, {10}, kStart));
  LetArrive();
  server_->pipeline().hold = false;
  server_->Do([](FakePipeline&) {});
  const Answer refused = restart.get();
  EXPECT_EQ(refused.code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(refused.text(), HasSubstr("try again"));
  EXPECT_EQ(Infer(Of(7, {5})).code(), grpc::StatusCode::UNAVAILABLE);
  server_->pipeline().hold_repair = false;
  EXPECT_THAT(lost.get().y(), ElementsAre(1));
  EXPECT_THAT(Infer(Of(7, {1})).y(), ElementsAre(2));
}

TEST_F(KserveSequenceTest, AnAnswerOfTheFallbackSaysSo) {
  server_ = std::make_unique<InProcessServer>(EngineOptions{}, RpcOptions{.listen = "127.0.0.1:0"}, true);
  stub_ = inference::GRPCInferenceService::NewStub(server_->Channel());
  EXPECT_EQ(Infer(Of(7, {1}, kStart)).response.parameters().count("recurd_fallback"), 0u);
  server_->pipeline().hold_repair = true;
  server_->Do([](FakePipeline& pipeline) { pipeline.script = {FakePipeline::Lost()}; });
  auto lost = InferLater(Of(7, {1}));
  WaitFor([&] { return metrics().pipeline_up.value() == 0; });
  const Answer answer = Infer(Of(8, {5}, kStart));
  EXPECT_THAT(answer.y(), ElementsAre(5));
  EXPECT_EQ(answer.response.parameters().at("recurd_fallback").string_param(), "spare");
  server_->pipeline().hold_repair = false;
  EXPECT_THAT(lost.get().y(), ElementsAre(2));
}

TEST_F(KserveSequenceTest, NoStepFollowsAnEndThatIsUnderWay) {
  Infer(Of(7, {1}, kStart));
  std::future<Answer> end;
  WhileBusy([&] {
    end = InferLater(Of(7, {2}, kEnd));
    LetArrive();
    EXPECT_EQ(Infer(Of(7, {1})).code(), grpc::StatusCode::INVALID_ARGUMENT);
  });
  EXPECT_THAT(end.get().y(), ElementsAre(3));
}

TEST_F(KserveSequenceTest, AResultThatIsNotFiniteEndsTheSequenceAsFailed) {
  Infer(Of(7, {3e38f}, kStart));
  const Answer overflow = Infer(Of(7, {3e38f}));
  EXPECT_EQ(overflow.code(), grpc::StatusCode::OUT_OF_RANGE);
  EXPECT_THAT(overflow.text(), HasSubstr("NaN or infinite"));
  EXPECT_THAT(Infer(Of(7, {1})).text(), HasSubstr("ended: failed"));
  EXPECT_EQ(Ended(EndReason::kFailed), 1u);
}

TEST_F(KserveSequenceTest, ARestartThatFailsLeavesNoSequence) {
  Infer(Of(7, {1}, kStart));
  EXPECT_EQ(Infer(Of(7, {3e38f, 3e38f}, kStart)).code(), grpc::StatusCode::OUT_OF_RANGE);
  EXPECT_THAT(Infer(Of(7, {1})).text(), HasSubstr("ended: failed"));
  EXPECT_EQ(metrics().sessions_active.value(), 0);
}

TEST_F(KserveSequenceTest, AWholeSequenceThatFailsIsOutOfRange) {
  EXPECT_EQ(Infer(Steps({3e38f, 3e38f})).code(), grpc::StatusCode::OUT_OF_RANGE);
}

TEST_F(KserveSequenceTest, TheFirstStepIsCheckedWhereItIsNamed) {
  const auto at = [](int64_t step, inference::ModelInferRequest request) {
    Parameter(&request, "recurd_first_step").set_int64_param(step);
    return request;
  };
  EXPECT_EQ(Infer(at(1, Of(7, {1}, kStart))).code(), grpc::StatusCode::ABORTED);
  EXPECT_THAT(Infer(at(0, Of(7, {1, 1}, kStart))).y(), ElementsAre(1, 2));
  for (const int64_t step : {0, 1, 3}) {
    const Answer answer = Infer(at(step, Of(7, {1})));
    EXPECT_EQ(answer.code(), grpc::StatusCode::ABORTED);
    EXPECT_THAT(answer.text(), HasSubstr("is 2"));
  }
  EXPECT_THAT(Infer(at(2, Of(7, {1}))).y(), ElementsAre(3));
  EXPECT_THAT(Infer(at(0, Steps({1}))).y(), ElementsAre(1));
}

TEST_F(KserveSequenceTest, InitialStatesComeWithStartOrWithoutASequenceOnly) {
  const auto from_ten = [](inference::ModelInferRequest request) {
    AddInput(&request, "h_0", {1, 1, 1}, {10});
    return request;
  };
  EXPECT_THAT(Infer(from_ten(Steps({1, 2}))).y(), ElementsAre(11, 13));
  EXPECT_THAT(Infer(from_ten(Of(7, {1}, kStart))).y(), ElementsAre(11));
  EXPECT_THAT(Infer(from_ten(Of(7, {1}))).text(), HasSubstr("initial states"));
  EXPECT_THAT(Infer(Of(7, {1})).y(), ElementsAre(12));
}

TEST_F(KserveSequenceTest, OutputsWithoutATimeAxisAreTheirValueAfterTheLastStep) {
  auto request = Of(7, {1, 2}, kStart);
  request.clear_outputs();
  const Answer all = Infer(request);
  ASSERT_EQ(all.response.outputs_size(), 2);
  EXPECT_THAT(all.response.outputs(0).shape(), ElementsAre(2, 1, 1));
  EXPECT_EQ(all.response.outputs(1).name(), "h_n");
  EXPECT_THAT(all.response.outputs(1).shape(), ElementsAre(1, 1, 1));
  EXPECT_THAT(Floats(all.response.raw_output_contents(1)), ElementsAre(3));
  auto last = Steps({1, 2, 3});
  last.mutable_outputs(0)->set_name("h_n");
  EXPECT_THAT(Infer(last).y(), ElementsAre(6));
}

TEST_F(KserveSequenceTest, EchoesTheIdAndNamesModelAndVersion) {
  auto request = Of(7, {1}, kStart);
  request.set_id("request 1");
  const Answer answer = Infer(request);
  EXPECT_EQ(answer.response.id(), "request 1");
  EXPECT_EQ(answer.response.model_name(), "adder");
  EXPECT_EQ(answer.response.model_version(), "1");
  EXPECT_THAT(answer.response.parameters(), IsEmpty());
}

TEST_F(KserveSequenceTest, AnUnknownModelIsNotFoundInTheWordsThatClientsKnow) {
  auto request = Steps({1});
  request.set_model_name("nobody");
  EXPECT_EQ(Infer(request).code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_THAT(Infer(request).text(), StartsWith("Request for unknown model: 'nobody' is not found"));
  request.set_model_name("adder");
  request.set_model_version("9");
  EXPECT_THAT(Infer(request).text(), StartsWith("Request for unknown model: 'adder' version 9 is not found"));
}

TEST_F(KserveSequenceTest, ASequenceTooManyIsRefusedAndARestartIsNone) {
  StartServer({.max_sessions = 2});
  for (int id : {1, 2}) EXPECT_TRUE(Infer(Of(id, {1}, kStart)).status.ok());
  const Answer answer = Infer(Of(3, {1}, kStart));
  EXPECT_EQ(answer.code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(answer.text(), HasSubstr("--max_sessions"));
  EXPECT_THAT(Infer(Of(2, {5}, kStart)).y(), ElementsAre(5));
  EXPECT_THAT(Infer(Of(2, {5}, kEnd)).y(), ElementsAre(10));
  EXPECT_TRUE(Infer(Of(3, {1}, kStart)).status.ok());
}

TEST_F(KserveSequenceTest, AnIdleSequenceExpiresAndItsNextStepIsToldSo) {
  StartServer({.idle_timeout_ns = 200'000'000});
  Infer(Of(7, {1, 1, 1}, kStart));
  WaitFor([&] { return Ended(EndReason::kExpired) == 1; });
  const Answer answer = Infer(Of(7, {1}));
  EXPECT_EQ(answer.code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(answer.text(), HasSubstr("ended: expired"));
  EXPECT_THAT(answer.text(), HasSubstr("after 3 steps"));
  EXPECT_THAT(Infer(Of(7, {1}, kStart)).y(), ElementsAre(1));
}

TEST_F(KserveSequenceTest, DrainingFinishesWhatHasStartedAndRefusesTheRest) {
  Infer(Of(6, {1}, kStart));
  Infer(Of(7, {1}, kStart));
  server_->pipeline().hold = true;
  auto started = InferLater(Of(7, {1}));
  WaitFor([&] { return Runs() == 3; });
  auto waiting = InferLater(Of(8, {1}, kStart));
  LetArrive();
  std::thread stopping([&] { EXPECT_TRUE(server_->Stop()); });
  EXPECT_EQ(waiting.get().code(), grpc::StatusCode::UNAVAILABLE);
  for (const auto& request : {Of(9, {1}, kStart), Of(6, {1}), Of(7, {1}), Steps({1})}) {
    const Answer answer = Infer(request);
    EXPECT_EQ(answer.code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_THAT(answer.text(), StartsWith("Server is stopping"));
  }
  inference::ServerReadyResponse ready;
  inference::ServerLiveResponse live;
  grpc::ClientContext ready_context, live_context;
  EXPECT_TRUE(stub_->ServerReady(&ready_context, {}, &ready).ok());
  EXPECT_TRUE(stub_->ServerLive(&live_context, {}, &live).ok());
  EXPECT_FALSE(ready.ready());
  EXPECT_TRUE(live.live());
  server_->pipeline().hold = false;
  EXPECT_THAT(started.get().y(), ElementsAre(2));
  stopping.join();
}

TEST_F(KserveSequenceTest, AStepWhoseDeadlinePassesBeforeItStartsIsNotApplied) {
  Infer(Of(7, {1}, kStart));
  WhileBusy([&] {
    EXPECT_EQ(Infer(Of(7, {100}), 100).code(), grpc::StatusCode::DEADLINE_EXCEEDED);
    LetArrive();
  });
  WaitFor([&] { return Refused(Refusal::kDeadline) == 1; });
  EXPECT_THAT(Infer(Of(7, {1})).y(), ElementsAre(2));
}

TEST_F(KserveSequenceTest, AWholeSequenceWhoseCallerHasGoneFreesItsPlace) {
  StartServer({.max_unary = 1});
  WhileBusy([&] {
    grpc::ClientContext context;
    inference::ModelInferResponse response;
    std::thread calling([&] { stub_->ModelInfer(&context, Steps({1}), &response); });
    LetArrive();
    EXPECT_EQ(Infer(Steps({1})).code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
    context.TryCancel();
    calling.join();
    std::this_thread::sleep_for(std::chrono::milliseconds(1500));
    const auto next = InferLater(Steps({1}), 300).get();
    EXPECT_EQ(next.code(), grpc::StatusCode::DEADLINE_EXCEEDED);  // it has a place and waits
  });
}

TEST_F(KserveSequenceTest, ManyCallsAtOnceAreAllAnswered) {
  std::vector<std::thread> callers;
  for (int id = 1; id <= 8; ++id) {
    callers.emplace_back([this, id] {
      Infer(Of(id, {0}, kStart));
      for (int i = 1; i <= 50; ++i) EXPECT_THAT(Infer(Of(id, {1})).y(), ElementsAre(static_cast<float>(i)));
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(metrics().sessions_active.value(), 8);
}

TEST_F(KserveSequenceTest, CountsAnswersByCodeAndRefusalsByReason) {
  Infer(Of(7, {1}, kStart));
  Infer(Of(7, {kNaN}));
  Infer(Of(8, {1}));
  auto unknown = Steps({1});
  unknown.set_model_name("nobody");
  Infer(unknown);
  const auto models = server_->metrics().Models();
  EXPECT_EQ(models[0]->chunks_by_code[0].value(), 1u);
  EXPECT_EQ(models[0]->chunks_by_code[3].value(), 2u);
  EXPECT_EQ(Refused(Refusal::kNotFinite), 1u);
  EXPECT_EQ(Refused(Refusal::kNotStarted), 1u);
  EXPECT_EQ(Refused(Refusal::kUnknownModel), 1u);
}

}  // namespace
}  // namespace recurd::kserve
