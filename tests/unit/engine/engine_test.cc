#include "server/engine/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "tests/unit/engine/engine_fixture.h"

namespace recurd {
namespace {

using ::testing::ElementsAre;

using EngineTest = EngineFixture;

TEST_F(EngineTest, AppliesChunksInOrderAndKeepsTheState) {
  FakeClient client;
  ServedSession* session = Open(client);
  const std::vector<float> x = {1, 2}, y = {3};
  Chunk a = Make(0, x), b = Make(2, y);
  EXPECT_TRUE(engine_.Submit(session, &a));
  EXPECT_TRUE(engine_.Submit(session, &b));
  RunAll();
  EXPECT_THAT(client.done, ElementsAre(&a, &b));
  EXPECT_THAT(client.rooms[0], ElementsAre(1, 3));
  EXPECT_THAT(client.rooms[1], ElementsAre(6));
  EXPECT_EQ(session->state.next_step(), 3u);
}

TEST_F(EngineTest, RefusesAStepOutOfOrderNamingTheExpectedOneAndChangesNothing) {
  FakeClient client;
  ServedSession* session = Open(client);
  const std::vector<float> x = {1, 2};
  Chunk a = Make(0, x), overlap = Make(1, x), gap = Make(3, x), next = Make(2, x);
  EXPECT_TRUE(engine_.Submit(session, &a));
  EXPECT_FALSE(engine_.Submit(session, &overlap));
  EXPECT_EQ(overlap.refusal, Refusal::kOutOfOrder);
  EXPECT_EQ(overlap.expected_step, 2u);
  EXPECT_FALSE(engine_.Submit(session, &gap));
  EXPECT_TRUE(engine_.Submit(session, &next));
  RunAll();
  EXPECT_THAT(client.rooms.back(), ElementsAre(4, 6));
}

TEST_F(EngineTest, RefusesBadInputs) {
  FakeClient client;
  ServedSession* session = Open(client);
  const std::vector<float> none, many(10'001, 0.0f), nan = {1, std::numeric_limits<float>::quiet_NaN()},
                                                     inf = {std::numeric_limits<float>::infinity()}, huge = {3e38f};
  Chunk a = Make(0, none), b = Make(0, many), c = Make(0, nan), d = Make(0, inf), e = Make(0, huge);
  EXPECT_FALSE(engine_.Submit(session, &a));
  EXPECT_EQ(a.refusal, Refusal::kWrongLength);
  EXPECT_FALSE(engine_.Submit(session, &b));
  EXPECT_EQ(b.refusal, Refusal::kTooManySteps);
  EXPECT_FALSE(engine_.Submit(session, &c));
  EXPECT_EQ(c.refusal, Refusal::kNotFinite);
  EXPECT_FALSE(engine_.Submit(session, &d));
  EXPECT_TRUE(engine_.Submit(session, &e));
}

TEST_F(EngineTest, CutsALongChunkIntoQuantaWithTheSameResult) {
  FakeClient client;
  ServedSession* session = Open(client);
  Chunk chunk = Make(0, ones_);
  engine_.Submit(session, &chunk);
  RunAll();
  EXPECT_EQ(pipeline_.runs, 1000);  // 10 steps a quantum
  EXPECT_EQ(client.rooms[0].front(), 1);
  EXPECT_EQ(client.rooms[0].back(), 10'000);
  EXPECT_EQ(chunk.pipeline_ns, 10'000'000);
}

TEST_F(EngineTest, GivesOutputsOfEveryKthStepAcrossQuantaAndChunks) {
  FakeClient client;
  ServedSession* session = Open(client, {.outputs = OutputsWanted::kEveryKth, .output_stride = 7});
  const std::vector<float> x(25, 1.0f), y(10, 1.0f);
  Chunk a = Make(0, x), b = Make(25, y);
  engine_.Submit(session, &a);
  engine_.Submit(session, &b);
  RunAll();
  EXPECT_THAT(client.rooms[0], ElementsAre(7, 14, 21));
  EXPECT_THAT(client.rooms[1], ElementsAre(28, 35));
}

TEST_F(EngineTest, GivesTheLastOfAChunkOrOnlyOfASequence) {
  FakeClient last, of_sequence;
  ServedSession* a = Open(last, {.outputs = OutputsWanted::kLastOfChunk});
  ServedSession* b = Open(of_sequence, {.outputs = OutputsWanted::kLastOfSequence});
  Chunk a1 = Make(0, ones_), b1 = Make(0, ones_), b2 = Make(10'000, ones_);
  b2.end = true;
  engine_.Submit(a, &a1);
  engine_.Submit(b, &b1);
  engine_.Submit(b, &b2);
  RunAll();
  EXPECT_THAT(last.rooms[0], ElementsAre(10'000));
  EXPECT_THAT(of_sequence.rooms[0], ElementsAre());
  EXPECT_THAT(of_sequence.rooms[1], ElementsAre(20'000));
}

TEST_F(EngineTest, AfterTheEndOfASequenceOnlyABeginningFollows) {
  FakeClient client;
  ServedSession* session = Open(client);
  const std::vector<float> x = {5};
  Chunk a = Make(0, x), on = Make(1, x), zero = Make(0, x), again = Make(0, x);
  a.end = true;
  again.begin = true;
  EXPECT_TRUE(engine_.Submit(session, &a));
  EXPECT_FALSE(engine_.Submit(session, &on));
  EXPECT_FALSE(engine_.Submit(session, &zero));
  EXPECT_TRUE(engine_.Submit(session, &again));
  RunAll();
  EXPECT_THAT(client.rooms.back(), ElementsAre(5));
}

TEST_F(EngineTest, AfterARefusedBeginningNothingIsTakenForTheOldSequence) {
  FakeClient client;
  ServedSession* session = Open(client);
  const std::vector<float> x = {1, 2}, nan = {1, std::numeric_limits<float>::quiet_NaN()};
  Chunk old = Make(0, x), begin = Make(0, nan), on = Make(2, x), again = Make(0, x);
  begin.begin = again.begin = true;
  EXPECT_TRUE(engine_.Submit(session, &old));
  EXPECT_FALSE(engine_.Submit(session, &begin));
  EXPECT_FALSE(engine_.Submit(session, &on));
  EXPECT_EQ(on.refusal, Refusal::kOutOfOrder);
  EXPECT_EQ(on.expected_step, 0u);
  EXPECT_TRUE(engine_.Submit(session, &again));
}

TEST_F(EngineTest, ABeginningThatMissedItsDeadlineLeavesNoOldSequenceEither) {
  FakeClient slow, client;
  ServedSession* other = Open(slow);
  ServedSession* session = Open(client);
  const std::vector<float> x = {1, 2};
  Chunk old = Make(0, x), big = Make(0, ones_);
  engine_.Submit(session, &old);
  pipeline_.hold = true;
  engine_.Submit(other, &big);
  Chunk begin = Make(0, x);
  begin.begin = true;
  begin.deadline_ns = clock_.now_ns + 100;
  engine_.Submit(session, &begin);
  clock_.now_ns += 1000;
  pipeline_.hold = false;
  RunAll();
  EXPECT_EQ(begin.refusal, Refusal::kDeadline);
  Chunk on = Make(2, x);
  EXPECT_FALSE(engine_.Submit(session, &on));
}

TEST_F(EngineTest, AOneStepChunkDoesNotWaitForALongOneOfAnotherSession) {
  FakeClient slow, quick;
  ServedSession* long_session = Open(slow);
  ServedSession* short_session = Open(quick);
  Chunk big = Make(0, ones_);
  engine_.Submit(long_session, &big);
  for (int i = 0; i < 5; ++i) engine_.Advance();
  const std::vector<float> x = {1};
  Chunk small = Make(0, x);
  engine_.Submit(short_session, &small);
  for (int i = 0; i < 2; ++i) engine_.Advance();
  EXPECT_THAT(quick.done, ElementsAre(&small));
  EXPECT_LE(small.queue_ns, 2 * options_.quantum_ns);
  EXPECT_TRUE(slow.done.empty());
}

TEST_F(EngineTest, ADeadlineSpentBeforeTheFirstRunRefusesTheChunkAndWhatStandsBehindIt) {
  FakeClient slow, client;
  ServedSession* other = Open(slow);
  ServedSession* session = Open(client);
  Chunk big = Make(0, ones_);
  pipeline_.hold = true;
  engine_.Submit(other, &big);
  engine_.Advance();
  const std::vector<float> x = {1};
  Chunk a = Make(0, x), b = Make(1, x), fresh = Make(0, x);
  a.deadline_ns = clock_.now_ns + 100;
  fresh.begin = true;
  engine_.Submit(session, &a);
  engine_.Submit(session, &b);
  engine_.Submit(session, &fresh);
  clock_.now_ns += 1000;
  pipeline_.hold = false;
  RunAll();
  EXPECT_EQ(a.refusal, Refusal::kDeadline);
  EXPECT_EQ(b.refusal, Refusal::kOutOfOrder);
  EXPECT_EQ(b.expected_step, 0u);
  EXPECT_EQ(fresh.refusal, Refusal::kNone);
}

TEST_F(EngineTest, AStateThatOverflowsEndsItsSessionAsFailedAndNobodyElses) {
  FakeClient client, neighbour;
  ServedSession* session = Open(client);
  ServedSession* beside = Open(neighbour);
  const std::vector<float> x = {3e38f, 3e38f}, one = {1};
  Chunk a = Make(0, x), before = Make(0, one), after = Make(1, one);
  engine_.Submit(beside, &before);
  engine_.Submit(session, &a);
  RunAll();
  engine_.Submit(beside, &after);
  RunAll();
  EXPECT_EQ(client.reason, EndReason::kFailed);
  EXPECT_EQ(engine_.session_count(), 1);
  EXPECT_THAT(neighbour.rooms, ElementsAre(ElementsAre(1), ElementsAre(2)));
}

TEST_F(EngineTest, EndingASessionWhoseRunIsOnThePipelineWaitsForIt) {
  FakeClient client;
  ServedSession* session = Open(client);
  const std::vector<float> x = {1};
  Chunk a = Make(0, x), b = Make(1, x);
  pipeline_.hold = true;
  engine_.Submit(session, &a);
  engine_.Submit(session, &b);
  engine_.Advance();
  engine_.End(session, EndReason::kClosed);
  EXPECT_EQ(client.reason, EndReason::kUnspecified);
  pipeline_.hold = false;
  RunAll();
  EXPECT_EQ(client.reason, EndReason::kClosed);
  EXPECT_THAT(client.done, ElementsAre(&a, &b));
}

TEST_F(EngineTest, RefusesOneSessionTooMany) {
  FakeClient client;
  for (int i = 0; i < 3; ++i) EXPECT_NE(Open(client), nullptr);
  Refusal refusal;
  EXPECT_EQ(engine_.Open(served_, {}, &client, &refusal), nullptr);
  EXPECT_EQ(refusal, Refusal::kTooManySessions);
}

TEST_F(EngineTest, GivesCheckpointsBySteps) {
  FakeClient client;
  ServedSession* session = Open(client, {.checkpoint_steps = 3});
  const std::vector<float> x = {1, 1};
  Chunk a = Make(0, x), b = Make(2, x);
  engine_.Submit(session, &a);
  engine_.Submit(session, &b);
  RunAll();
  ASSERT_EQ(client.checkpoints.size(), 1u);
  EXPECT_EQ(client.checkpoints[0].step, 4u);
  EXPECT_TRUE(client.checkpoints[0].Check(*served_->model, "fake", false).ok());
}

TEST_F(EngineTest, GivesCheckpointsByTime) {
  FakeClient client;
  ServedSession* session = Open(client, {.checkpoint_interval_ns = 1'000'000});
  const std::vector<float> x = {1};
  Chunk a = Make(0, x), b = Make(1, x);
  engine_.Submit(session, &a);
  RunAll();
  EXPECT_TRUE(client.checkpoints.empty());
  clock_.now_ns += 1'000'000;
  engine_.Submit(session, &b);
  RunAll();
  ASSERT_EQ(client.checkpoints.size(), 1u);
  EXPECT_EQ(client.checkpoints[0].step, 2u);
}

TEST_F(EngineTest, GoesOnFromAGivenState) {
  const std::vector<float> h = {10};
  const StateImage image = StateImage::Seal(*served_->model, "fake", 7, h);
  FakeClient client;
  ServedSession* session = Open(client, {.state = &image});
  const std::vector<float> x = {1};
  Chunk a = Make(7, x);
  EXPECT_TRUE(engine_.Submit(session, &a));
  RunAll();
  EXPECT_THAT(client.rooms[0], ElementsAre(11));
}

TEST_F(EngineTest, ExpiresOnlySessionsThatAreIdle) {
  FakeClient idle, busy;
  Open(idle);
  ServedSession* session = Open(busy);
  clock_.now_ns += options_.idle_timeout_ns - 1;
  const std::vector<float> x = {1};
  Chunk a = Make(0, x);
  engine_.Submit(session, &a);
  RunAll();
  clock_.now_ns += 2;
  EXPECT_FALSE(engine_.Expire(100));
  EXPECT_EQ(idle.reason, EndReason::kExpired);
  EXPECT_EQ(busy.reason, EndReason::kUnspecified);
}

TEST_F(EngineTest, DrainingFinishesStartedChunksAndRefusesTheRest) {
  FakeClient started, waiting, quiet;
  ServedSession* a = Open(started);
  ServedSession* b = Open(waiting);
  Open(quiet);
  Chunk big = Make(0, ones_), behind = Make(10'000, ones_), queued = Make(0, ones_);
  engine_.Submit(a, &big);
  engine_.Submit(a, &behind);
  engine_.Advance();
  engine_.Submit(b, &queued);
  engine_.Drain();
  EXPECT_EQ(quiet.reason, EndReason::kDrained);
  EXPECT_EQ(queued.refusal, Refusal::kDraining);
  RunAll();
  EXPECT_EQ(big.refusal, Refusal::kNone);
  EXPECT_EQ(behind.refusal, Refusal::kDraining);
  EXPECT_EQ(started.reason, EndReason::kDrained);
  ASSERT_TRUE(started.last.has_value());
  EXPECT_EQ(started.last->step, 10'000u);
  EXPECT_FALSE(engine_.busy());
}

TEST_F(EngineTest, CountsWhatItDoes) {
  FakeClient client;
  ServedSession* session = Open(client);
  const std::vector<float> x = {1, 2};
  Chunk a = Make(0, x), b = Make(2, x);
  engine_.Submit(session, &a);
  engine_.Submit(session, &b);
  RunAll();
  EXPECT_EQ(served_->metrics->steps.value(), 4u);
  EXPECT_EQ(metrics_.server.state_switches[0].value(), 1u);
  EXPECT_EQ(metrics_.server.state_switches[1].value(), 1u);
  EXPECT_EQ(metrics_.server.pipeline_busy_ns.value(), 4000u);
}

}  // namespace
}  // namespace recurd
