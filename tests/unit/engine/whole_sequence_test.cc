#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/engine/engine.h"
#include "tests/unit/fakes/fake_client.h"
#include "tests/unit/fakes/fake_clock.h"
#include "tests/unit/fakes/fake_pipeline.h"

namespace recurd {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// 1, 2, ... 100, 1, ... and what the fake's two passes make of it.
std::vector<float> Count(int steps) {
  std::vector<float> x;
  for (int i = 0; i < steps; ++i) x.push_back(static_cast<float>(1 + i % 100));
  return x;
}
std::vector<float> Mirrored(const std::vector<float>& x) {
  const float sum = std::accumulate(x.begin(), x.end(), 0.0f);
  std::vector<float> y;
  for (const float value : x) y.push_back(sum + value);
  return y;
}

// An engine with the fake pipeline's model of two passes, and its adder: 1 us a step of a pass, 10 of them a quantum.
class WholeSequenceTest : public ::testing::Test {
 protected:
  explicit WholeSequenceTest(bool with_fallback = false, EngineOptions options = {.quantum_ns = 10'000,
                                                                                  .max_chunk_steps = 10'000,
                                                                                  .max_sequence_bytes = 12'000,
                                                                                  .max_row_bytes = 24'000})
      : options_(options),
        served_(Serve(FakePipeline::MakeWholeModel(), with_fallback)),
        adder_(Serve(FakePipeline::MakeModel(), with_fallback)),
        engine_(pipeline_, metrics_, clock_, options_, with_fallback ? &fallback_ : nullptr) {}
  ~WholeSequenceTest() override { EXPECT_EQ(pipeline_.misuses + fallback_.misuses, 0); }

  std::shared_ptr<ServedModel> Serve(std::shared_ptr<const Model> model, bool with_fallback) {
    auto served = std::make_shared<ServedModel>();
    served->model = std::move(model);
    served->prepared = *pipeline_.Prepare(served->model);
    served->metrics = metrics_.AddModel(served->model->name, "fake", 0);
    if (with_fallback) {
      served->fallback = *fallback_.Prepare(served->model);
      served->fallback_metrics = metrics_.AddModel(served->model->name, "spare", 0);
    }
    return served;
  }
  // One call with its client and its sequence.
  struct Call {
    FakeClient client;
    std::vector<float> inputs;
    Chunk chunk;
    ServedSession* session = nullptr;
    std::vector<float> outputs() const { return client.rooms.front(); }
  };
  bool Submit(Call* call, int steps, SessionOptions options = {}) {
    Refusal refusal;
    call->inputs = Count(steps);
    call->chunk.inputs = call->inputs;
    call->chunk.received_ns = clock_.now_ns;
    call->session = engine_.Open(served_, options, &call->client, &refusal, {.kind = SessionKind::kCall});
    return engine_.Submit(call->session, &call->chunk);
  }
  void RunAll() {
    while (engine_.busy()) engine_.Advance();
  }
  uint64_t Refusals(Refusal refusal) { return metrics_.server.refusals[static_cast<size_t>(refusal)].value(); }

  FakeClock clock_;
  FakePipeline pipeline_{clock_}, fallback_{clock_, "spare", "fake"};
  Metrics metrics_;
  const EngineOptions options_;
  std::shared_ptr<ServedModel> served_, adder_;
  Engine engine_;
};

TEST_F(WholeSequenceTest, EachStepSeesTheStepsBehindIt) {
  Call call;
  Submit(&call, 3);
  RunAll();
  EXPECT_THAT(call.client.heard, ElementsAre("none"));
  EXPECT_THAT(call.outputs(), ElementsAre(7, 8, 9));
}

TEST_F(WholeSequenceTest, IsTheSameHoweverAQuantumCutsIt) {
  for (const int steps : {1, 9, 10, 11, 25, 100}) {
    Call call;
    Submit(&call, steps);
    RunAll();
    EXPECT_EQ(call.outputs(), Mirrored(call.inputs)) << steps;
    engine_.End(call.session, EndReason::kClosed);
  }
}

TEST_F(WholeSequenceTest, NoRunIsLongerThanAQuantumNorOfTwoPasses) {
  const int64_t begin_ns = clock_.now_ns;
  Call call;
  Submit(&call, 25);
  RunAll();
  EXPECT_EQ(pipeline_.runs, 6);
  EXPECT_EQ(clock_.now_ns - begin_ns, 50'000);
}

TEST_F(WholeSequenceTest, OneStepOfAnotherSessionWaitsForAQuantumOfIt) {
  Call call;
  FakeClient client;
  Refusal refusal;
  Submit(&call, 1000);
  ServedSession* session = engine_.Open(adder_, {}, &client, &refusal);
  const std::vector<float> one = {1};
  Chunk chunk;
  chunk.inputs = one;
  engine_.Submit(session, &chunk);
  for (int i = 0; i < 2; ++i) engine_.Advance();
  EXPECT_THAT(client.heard, ElementsAre("none"));
  EXPECT_THAT(call.client.heard, IsEmpty());
  RunAll();
  EXPECT_EQ(call.outputs(), Mirrored(call.inputs));
}

TEST_F(WholeSequenceTest, WhatItHasLeftToDoCountsAllItsPasses) {
  Call running, call;
  FakeClient client;
  Refusal refusal;
  Submit(&running, 20);
  Submit(&call, 100);
  ServedSession* session = engine_.Open(adder_, {}, &client, &refusal);
  const std::vector<float> ones(150, 1.0f);
  Chunk chunk;
  chunk.inputs = ones;
  engine_.Submit(session, &chunk);
  while (client.heard.empty()) engine_.Advance();
  EXPECT_THAT(call.client.heard, IsEmpty());
}

TEST_F(WholeSequenceTest, TheLastStepAloneIsTheSequencesLast) {
  Call call;
  Submit(&call, 25, {.outputs = OutputsWanted::kLastOfChunk});
  RunAll();
  EXPECT_THAT(call.outputs(), ElementsAre(Mirrored(call.inputs).back()));
}

TEST_F(WholeSequenceTest, BothPassesBeginAtTheStateThatIsGiven) {
  const StateImage state = {.values = {100, 1000}};
  Call call;
  Submit(&call, 2, {.state = &state});
  RunAll();
  EXPECT_THAT(call.outputs(), ElementsAre(1104, 1105));
}

TEST_F(WholeSequenceTest, CountsEachStepOnceWithTheTimeOfAllItsPasses) {
  Call call;
  Submit(&call, 25);
  RunAll();
  EXPECT_EQ(served_->metrics->steps.value(), 25);
  EXPECT_EQ(call.chunk.pipeline_ns, 50'000);
  EXPECT_EQ(served_->metrics->step.sum_ns(), 25 * 2'000);
}

TEST_F(WholeSequenceTest, ASessionOfSuchAModelIsRefused) {
  FakeClient client;
  for (const SessionKind kind : {SessionKind::kStream, SessionKind::kSequence}) {
    Refusal refusal;
    EXPECT_EQ(engine_.Open(served_, {}, &client, &refusal, {.kind = kind}), nullptr);
    EXPECT_EQ(refusal, Refusal::kWholeSequence);
  }
  EXPECT_EQ(Refusals(Refusal::kWholeSequence), 2);
}

// 12 bytes a row: 1000 steps are the most for one, 2000 for all.
TEST_F(WholeSequenceTest, ASequenceWhoseRowsWouldBeTooManyIsRefused) {
  Call longest, too_long;
  EXPECT_TRUE(Submit(&longest, 1000));
  EXPECT_FALSE(Submit(&too_long, 1001));
  EXPECT_EQ(too_long.chunk.refusal, Refusal::kTooManySteps);
  RunAll();
  EXPECT_EQ(longest.outputs(), Mirrored(longest.inputs));
}

TEST_F(WholeSequenceTest, SequencesWhoseRowsAreTooManyTogetherAreRefusedUntilOneIsAnswered) {
  Call first, second, third, again;
  EXPECT_TRUE(Submit(&first, 1000));
  EXPECT_TRUE(Submit(&second, 999));
  EXPECT_FALSE(Submit(&third, 2));
  EXPECT_EQ(third.chunk.refusal, Refusal::kNoMemory);
  EXPECT_EQ(Refusals(Refusal::kNoMemory), 1);
  while (first.client.heard.empty() && second.client.heard.empty()) engine_.Advance();
  EXPECT_TRUE(Submit(&again, 900)) << "the answer has freed the rows, though its call isn't over";
  RunAll();
  EXPECT_EQ(again.outputs(), Mirrored(again.inputs));
}

TEST_F(WholeSequenceTest, RowsOfCallsThatAreCancelledOrRefusedComeBack) {
  for (int round = 0; round < 5; ++round) {
    Call running, late;
    EXPECT_TRUE(Submit(&running, 1000));
    late.chunk.deadline_ns = clock_.now_ns - 1;
    EXPECT_TRUE(Submit(&late, 1000));
    while (late.client.heard.empty()) engine_.Advance();
    EXPECT_THAT(late.client.heard, ElementsAre("deadline"));
    Call instead;
    EXPECT_TRUE(Submit(&instead, 1000)) << "the refusal has freed the rows";
    for (Call* call : {&running, &late, &instead}) engine_.End(call->session, EndReason::kClosed);
    RunAll();
  }
}

TEST_F(WholeSequenceTest, ARunThatFailsIsTriedAgainWhateverItLeftInTheRows) {
  for (int failing = 0; failing < 6; ++failing) {
    Call call;
    pipeline_.script.assign(static_cast<size_t>(failing), RunResult());
    pipeline_.script.push_back(FakePipeline::Failed(Fault::kCorrupt));
    Submit(&call, 25);
    RunAll();
    EXPECT_EQ(call.outputs(), Mirrored(call.inputs)) << "run " << failing;
    engine_.End(call.session, EndReason::kClosed);
  }
}

TEST_F(WholeSequenceTest, GoesOnAfterARepairWhereItWas) {
  Call call;
  pipeline_.script = {RunResult(), RunResult(), RunResult(), RunResult(), FakePipeline::Lost()};
  Submit(&call, 25);
  RunAll();
  ASSERT_FALSE(engine_.pipeline_up());
  engine_.OnRepaired(pipeline_.Repair().ok());
  RunAll();
  EXPECT_EQ(call.outputs(), Mirrored(call.inputs));
  EXPECT_EQ(pipeline_.runs, 7);
}

TEST_F(WholeSequenceTest, AnOutageRefusesAnotherSequenceThatHasBegun) {
  Call waits, fails;
  pipeline_.script = {RunResult(), FakePipeline::Lost()};
  Submit(&waits, 100);
  Submit(&fails, 5);
  while (engine_.pipeline_up()) engine_.Advance();
  EXPECT_THAT(waits.client.heard, ElementsAre("pipeline_down"));
  EXPECT_THAT(fails.client.heard, IsEmpty());
}

TEST_F(WholeSequenceTest, DrainingFinishesWhatHasBegunAndRefusesTheRest) {
  Call begun, waits;
  Submit(&begun, 100);
  Submit(&waits, 200);
  engine_.Drain();
  EXPECT_THAT(waits.client.heard, ElementsAre("draining", "drained"));
  RunAll();
  EXPECT_EQ(begun.outputs(), Mirrored(begun.inputs));
  EXPECT_THAT(begun.client.heard, ElementsAre("none", "drained"));
}

TEST_F(WholeSequenceTest, ACallThatGoesAwayWhileItRunsLeavesNothing) {
  Call call, next;
  pipeline_.hold = true;
  Submit(&call, 100);
  engine_.End(call.session, EndReason::kClosed);
  pipeline_.hold = false;
  RunAll();
  EXPECT_THAT(call.client.heard, ElementsAre("session_over", "closed"));
  Submit(&next, 25);
  RunAll();
  EXPECT_EQ(next.outputs(), Mirrored(next.inputs));
}

TEST_F(WholeSequenceTest, AnUnloadedModelFinishesIt) {
  Call call;
  engine_.Serve(served_);
  Submit(&call, 100);
  engine_.Unserve("mirror", "1");
  served_->over_ns = 0;
  while (engine_.Expire(10)) {
  }
  RunAll();
  EXPECT_EQ(call.outputs(), Mirrored(call.inputs));
}

TEST_F(WholeSequenceTest, ANotANumberOfTheLastPassEndsTheCall) {
  Call call;
  Refusal refusal;
  call.inputs = {3e38f, 3e38f};
  call.chunk.inputs = call.inputs;
  call.session = engine_.Open(served_, {}, &call.client, &refusal, {.kind = SessionKind::kCall});
  engine_.Submit(call.session, &call.chunk);
  RunAll();
  EXPECT_EQ(call.client.reason, EndReason::kFailed);
}

// Several chunks of one call: a batch.
TEST_F(WholeSequenceTest, ABatchIsComputedOneByOneInTheSameRowsAndStartsNothingBeforeItIsWhole) {
  FakeClient client;
  Refusal refusal;
  ServedSession* session = engine_.Open(served_, {}, &client, &refusal, {.kind = SessionKind::kCall});
  const std::vector<std::vector<float>> inputs = {{1, 2}, {10, 20}, {100, 200}};
  std::vector<Chunk> chunks(3);
  for (size_t i = 0; i < 3; ++i) {
    chunks[i].inputs = inputs[i];
    chunks[i].begin = chunks[i].end = true;
    chunks[i].more = i < 2;
    EXPECT_TRUE(engine_.Submit(session, &chunks[i]));
    EXPECT_EQ(pipeline_.runs, 0);
  }
  RunAll();
  EXPECT_THAT(client.heard, ElementsAre("none", "none", "none"));
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(client.rooms[i], Mirrored(inputs[i]));
}

class WholeSequenceFallbackTest : public WholeSequenceTest {
 protected:
  WholeSequenceFallbackTest() : WholeSequenceTest(true) {}
};

TEST_F(WholeSequenceFallbackTest, ASequenceGoesOnUnderTheFallbackInAnyPass) {
  for (int failing = 0; failing < 6; ++failing) {
    Call call;
    pipeline_.script.assign(static_cast<size_t>(failing), RunResult());
    pipeline_.script.push_back(FakePipeline::Lost());
    const uint64_t before = metrics_.server.fallback_steps.value();
    Submit(&call, 25);
    RunAll();
    EXPECT_EQ(call.outputs(), Mirrored(call.inputs)) << "run " << failing;
    EXPECT_TRUE(call.chunk.on_fallback);
    EXPECT_EQ(metrics_.server.fallback_steps.value() - before, 25);
    engine_.End(call.session, EndReason::kClosed);
    engine_.OnRepaired(pipeline_.Repair().ok());
    Call well;  // a success, so that the next outage is a new one
    Submit(&well, 1);
    RunAll();
    engine_.End(well.session, EndReason::kClosed);
  }
}

}  // namespace
}  // namespace recurd
