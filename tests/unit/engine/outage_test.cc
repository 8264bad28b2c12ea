// The rungs of the ladder, the sessions it gives up, and its end.
#include "tests/unit/engine/outage_fixture.h"

namespace recurd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr uint64_t kFailed = static_cast<uint64_t>(EndReason::kFailed);

// ---- the rungs ----------------------------------------------------------------------------------------------------

TEST_F(OutageTest, AFaultIsCountedByKindAndTheRunTriedOnceMoreFromTheSameState) {
  FakeClient client;
  ServedSession* session = Open(client);
  Chunk a = Of(0, {3}), b = Of(1, {4});
  engine_.Submit(session, &a);
  pipeline_.script = {FakePipeline::Failed(Fault::kCorrupt)};
  engine_.Submit(session, &b);
  RunAll();
  EXPECT_THAT(client.rooms[1], ElementsAre(7));
  EXPECT_EQ(Faults(Fault::kCorrupt), 1u);
  EXPECT_EQ(Rungs(Rung::kRetry), 1u);
  EXPECT_EQ(Rungs(Rung::kReload), 0u);
  EXPECT_THAT(Told(), ElementsAre(Kind::kFaults));
  EXPECT_TRUE(engine_.pipeline_up());
}

TEST_F(OutageTest, ASecondFaultOfTheRunAsksForARepairAndTheRunIsStartedAThirdTime) {
  FakeClient client;
  ServedSession* session = Open(client);
  Chunk a = Of(0, {3});
  pipeline_.script = {FakePipeline::Failed(Fault::kStale), FakePipeline::Failed(Fault::kHang)};
  engine_.Submit(session, &a);
  RunAll();
  EXPECT_EQ(metrics_.server.pipeline_up.value(), 0);
  EXPECT_THAT(client.heard, IsEmpty());
  EXPECT_EQ(pipeline_.runs, 2);
  Repair();
  RunAll();
  EXPECT_EQ(metrics_.server.pipeline_up.value(), 1);
  EXPECT_THAT(client.rooms[0], ElementsAre(3));
  EXPECT_EQ(Rungs(Rung::kReload), 1u);
  EXPECT_EQ(Faults(Fault::kStale) + Faults(Fault::kHang), 2u);
  EXPECT_THAT(Told(), ElementsAre(Kind::kFaults, Kind::kDown, Kind::kUp));
}

TEST_F(OutageTest, ALostPipelineIsRepairedAtOnce) {
  FakeClient client;
  ServedSession* session = Open(client);
  Chunk a = Of(0, {3});
  pipeline_.script = {FakePipeline::Lost()};
  engine_.Submit(session, &a);
  RunAll();
  EXPECT_THAT(Told(), ElementsAre(Kind::kDown));
  Repair();
  RunAll();
  EXPECT_THAT(client.rooms[0], ElementsAre(3));
  EXPECT_EQ(Rungs(Rung::kRetry), 0u);
}

TEST_F(OutageTest, ADeadlineThatPassesDuringTheRepairIsMissedAndTheChunkAppliedAllTheSame) {
  FakeClient client;
  ServedSession* session = Open(client);
  Chunk a = Of(0, {3});
  a.deadline_ns = clock_.now_ns + 1'000'000;
  pipeline_.script = {FakePipeline::Lost()};
  engine_.Submit(session, &a);
  RunAll();
  clock_.now_ns += 5'000'000'000;
  Repair();
  RunAll();
  EXPECT_THAT(client.rooms[0], ElementsAre(3));
  EXPECT_EQ(metrics_.server.deadline_missed.value(), 1u);
}

TEST_F(OutageTest, ARepairThatFailsEndsEverySessionWithItsLastStateAndAsksForTheExit) {
  FakeClient culprit, idle;
  ServedSession* session = Open(culprit);
  ServedSession* other = Open(idle);
  Chunk a = Of(0, {3}), b = Of(0, {5}), c = Of(1, {3});
  engine_.Submit(session, &a);
  engine_.Submit(other, &b);
  pipeline_.script = {FakePipeline::Lost()};
  pipeline_.repairable = false;
  engine_.Submit(session, &c);
  RunAll();
  Repair();
  EXPECT_THAT(culprit.heard, ElementsAre("none", "draining", "drained"));
  EXPECT_THAT(idle.heard, ElementsAre("none", "drained"));
  EXPECT_EQ(culprit.last->step, 1u);
  EXPECT_THAT(culprit.last->values, ElementsAre(3));
  EXPECT_THAT(idle.last->values, ElementsAre(5));
  EXPECT_THAT(Told(), ElementsAre(Kind::kDown, Kind::kLost));
  EXPECT_EQ(Rungs(Rung::kExit), 1u);
  EXPECT_EQ(engine_.session_count(), 0);
  EXPECT_EQ(Open(idle), nullptr);
}

TEST_F(OutageTest, ARepairAfterWhichNoRunSucceedsIsNotRepeatedForAnotherSession) {
  FakeClient first, second;
  ServedSession* a = Open(first);
  ServedSession* b = Open(second);
  Chunk chunk_a = Of(0, {1}), chunk_b = Of(0, {2});
  pipeline_.script = {FakePipeline::Lost()};
  engine_.Submit(a, &chunk_a);
  RunAll();
  engine_.End(a, EndReason::kClosed);
  Repair();
  pipeline_.script = {FakePipeline::Lost()};
  engine_.Submit(b, &chunk_b);
  RunAll();
  EXPECT_EQ(pipeline_.repairs, 1);
  EXPECT_THAT(second.heard, ElementsAre("draining", "drained"));
  EXPECT_THAT(Told(), ElementsAre(Kind::kDown, Kind::kUp, Kind::kLost));
}

TEST_F(OutageTest, FaultsInAStreamAreToldOnceASecondAndAddedUp) {
  FakeClient client;
  ServedSession* session = Open(client);
  for (uint64_t step = 0; step < 10; step += 2) {
    Chunk faulty = Ones(step, 1), fine = Ones(step + 1, 1);
    pipeline_.script = {FakePipeline::Failed(Fault::kCorrupt)};
    engine_.Submit(session, &faulty);
    RunAll();
    engine_.Submit(session, &fine);
    if (step == 6) clock_.now_ns += 1'000'000'000;
  }
  ASSERT_EQ(events_.size(), 2u);
  EXPECT_EQ(events_[0].retries, 1u);
  EXPECT_EQ(events_[1].retries, 4u);
  EXPECT_EQ(Rungs(Rung::kRetry), 5u);
}

// ---- poison -------------------------------------------------------------------------------------------------------

TEST_F(OutageTest, ARunThatFailsAlsoAfterTheRepairEndsItsSessionAndLeavesOthersAlone) {
  FakeClient client, neighbour;
  ServedSession* session = Open(client);
  ServedSession* other = Open(neighbour);
  Chunk a = Of(0, {666}), b = Of(0, {4});
  engine_.Submit(session, &a);
  RunAll();
  Repair();
  RunAll();
  EXPECT_THAT(client.heard, ElementsAre("session_over", "failed"));
  EXPECT_EQ(pipeline_.runs, 3);
  engine_.Submit(other, &b);
  RunAll();
  EXPECT_THAT(neighbour.rooms[0], ElementsAre(4));
  EXPECT_EQ(metrics_.server.sessions_ended[kFailed].value(), 1u);
}

TEST_F(OutageTest, ASessionThatLosesThePipelineEachTimeCostsTwoRepairsAndNotTheProcess) {
  FakeClient client, neighbour;
  ServedSession* session = Open(client);
  ServedSession* other = Open(neighbour);
  Chunk a = Of(0, {666}), b = Of(0, {4});
  pipeline_.poisoned = FakePipeline::Lost();
  engine_.Submit(session, &a);
  for (int i = 0; i < 2; ++i) {
    RunAll();
    Repair();
  }
  EXPECT_EQ(client.reason, EndReason::kFailed);
  engine_.Submit(other, &b);
  RunAll();
  EXPECT_THAT(neighbour.rooms[0], ElementsAre(4));
  EXPECT_EQ(Rungs(Rung::kExit), 0u);
}

TEST_F(OutageTest, TheSecondOfTwoChunksInARowThatFaultedEndsItsSession) {
  FakeClient client;
  ServedSession* session = Open(client);
  Chunk a = Ones(0, 1), b = Ones(1, 1);
  pipeline_.script = {FakePipeline::Failed(Fault::kStale)};
  engine_.Submit(session, &a);
  RunAll();
  pipeline_.script = {FakePipeline::Failed(Fault::kStale)};
  engine_.Submit(session, &b);
  RunAll();
  EXPECT_THAT(client.heard, ElementsAre("none", "session_over", "failed"));
  EXPECT_FALSE(client.last.has_value());
  EXPECT_EQ(Rungs(Rung::kRetry), 1u);
  EXPECT_TRUE(engine_.pipeline_up());
}

TEST_F(OutageTest, FaultsWithAFaultlessChunkBetweenThemEndNoSession) {
  FakeClient client;
  ServedSession* session = Open(client);
  for (uint64_t step = 0; step < 20; step += 2) {
    Chunk faulty = Ones(step, 1), fine = Ones(step + 1, 1);
    pipeline_.script = {FakePipeline::Failed(Fault::kStale)};
    engine_.Submit(session, &faulty);
    RunAll();
    engine_.Submit(session, &fine);
    RunAll();
  }
  EXPECT_EQ(client.rooms.back(), std::vector<float>{20});
}

TEST_F(OutageTest, APoisonedSessionThatLosesThePipelineStillHasItRepaired) {
  FakeClient client;
  ServedSession* session = Open(client);
  Chunk a = Ones(0, 1), b = Ones(1, 1);
  pipeline_.script = {FakePipeline::Failed(Fault::kStale)};
  engine_.Submit(session, &a);
  RunAll();
  pipeline_.script = {FakePipeline::Lost()};
  engine_.Submit(session, &b);
  RunAll();
  EXPECT_EQ(client.reason, EndReason::kFailed);
  ASSERT_EQ(events_.back().kind, Kind::kDown);
  EXPECT_EQ(events_.back().sessions_failed, 1u);
}

// ---- the end ------------------------------------------------------------------------------------------------------

TEST_F(OutageTest, WhileDrainingNothingIsRepaired) {
  FakeClient client;
  ServedSession* session = Open(client);
  Chunk big = Ones(0, 100);
  engine_.Submit(session, &big);
  engine_.Drain();
  pipeline_.script = {FakePipeline::Lost()};
  RunAll();
  EXPECT_THAT(client.heard, ElementsAre("draining", "drained"));
  EXPECT_EQ(client.last->step, 0u);
  EXPECT_THAT(Told(), ElementsAre(Kind::kLost));
}

TEST_F(OutageTest, ARunThatNeverComesOffIsAbandonedWithTheStateFromBeforeItsChunk) {
  FakeClient client;
  ServedSession* session = Open(client);
  Chunk a = Of(0, {3}), big = Ones(1, 100);
  engine_.Submit(session, &a);
  engine_.Submit(session, &big);
  pipeline_.hold = true;
  engine_.Advance();
  engine_.Drain();
  EXPECT_TRUE(engine_.busy());
  engine_.Abandon();
  EXPECT_THAT(client.heard, ElementsAre("none", "draining", "drained"));
  EXPECT_THAT(client.last->values, ElementsAre(3));
  EXPECT_FALSE(engine_.busy());
}

}  // namespace
}  // namespace recurd
