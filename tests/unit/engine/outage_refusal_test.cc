// What clients see while the pipeline is down.
#include "tests/unit/engine/outage_fixture.h"

namespace recurd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_F(OutageTest, WhatWaitsIsRefusedOnceWithTheStateFromBeforeItAndTheSessionGoesOnAfterwards) {
  FakeClient client, culprit;
  ServedSession* session = Open(client);
  Chunk a = Of(0, {3}), b = Of(1, {4}), c = Of(2, {5});
  engine_.Submit(session, &a);
  pipeline_.hold = true;
  Chunk lost = Ones(0, 1);
  engine_.Submit(Open(culprit), &lost);
  engine_.Submit(session, &b);
  engine_.Submit(session, &c);
  pipeline_.script = {FakePipeline::Lost()};
  pipeline_.hold = false;
  RunAll();
  EXPECT_THAT(client.heard, ElementsAre("none", "checkpoint", "pipeline_down", "pipeline_down"));
  EXPECT_EQ(client.checkpoints[0].step, 1u);
  EXPECT_THAT(client.checkpoints[0].values, ElementsAre(3));
  EXPECT_EQ(b.expected_step, 1u);
  Repair();
  Chunk again = Of(1, {4});
  EXPECT_TRUE(engine_.Submit(session, &again));
  RunAll();
  EXPECT_THAT(client.rooms.back(), ElementsAre(7));
}

TEST_F(OutageTest, WhatArrivesIsRefusedAndTheStateGivenOnceAnOutage) {
  FakeClient client;
  ServedSession* session = Open(client);
  for (size_t outage = 1; outage <= 2; ++outage) {
    BringDown();
    Chunk a = Of(0, {3}), b = Of(0, {3});
    EXPECT_FALSE(engine_.Submit(session, &a));
    EXPECT_FALSE(engine_.Submit(session, &b));
    EXPECT_EQ(b.refusal, Refusal::kPipelineDown);
    EXPECT_EQ(client.checkpoints.size(), outage);
    Repair();
    FakeClient proof;
    Chunk c = Ones(0, 1);
    engine_.Submit(Open(proof), &c);
  }
  EXPECT_EQ(metrics_.server.refusals[static_cast<size_t>(Refusal::kPipelineDown)].value(), 4u);
}

TEST_F(OutageTest, AChunkThatHadBegunIsTakenBackWhole) {
  FakeClient client, culprit;
  ServedSession* session = Open(client);
  ServedSession* other = Open(culprit);
  Chunk a = Of(0, {3}), big = Ones(1, 100), small = Ones(0, 1);
  engine_.Submit(session, &a);
  engine_.Submit(session, &big);
  for (int i = 0; i < 3; ++i) engine_.Advance();
  ASSERT_TRUE(big.started());
  pipeline_.script = {FakePipeline::Lost()};
  engine_.Submit(other, &small);
  engine_.Advance();
  EXPECT_THAT(client.heard, ElementsAre("none", "checkpoint", "pipeline_down"));
  EXPECT_THAT(client.checkpoints[0].values, ElementsAre(3));
  EXPECT_EQ(big.expected_step, 1u);
  engine_.End(other, EndReason::kClosed);
  Repair();
  Chunk again = Ones(1, 100);
  engine_.Submit(session, &again);
  RunAll();
  EXPECT_EQ(client.rooms.back().back(), 103);
}

TEST_F(OutageTest, TheRunThatWaitsForTheRepairKeepsWhatItsChunkHasAndWhatStandsBehindIt) {
  FakeClient client;
  ServedSession* session = Open(client);
  Chunk big = Ones(0, 100), behind = Ones(100, 1), late = Ones(101, 1);
  engine_.Submit(session, &big);
  engine_.Submit(session, &behind);
  engine_.Advance();
  pipeline_.script = {FakePipeline::Lost()};
  engine_.Advance();
  EXPECT_TRUE(engine_.Submit(session, &late));
  clock_.now_ns += 5'000'000'000;
  Repair();
  RunAll();
  EXPECT_THAT(client.heard, ElementsAre("none", "none", "none"));
  EXPECT_THAT(client.rooms.back(), ElementsAre(102));
}

TEST_F(OutageTest, AStartedChunkThatWaitedForARepairInVainIsTakenBackBeforeTheEnd) {
  FakeClient client;
  ServedSession* session = Open(client);
  Chunk a = Of(0, {3}), big = Ones(1, 100);
  engine_.Submit(session, &a);
  engine_.Submit(session, &big);
  engine_.Advance();
  pipeline_.script = {FakePipeline::Lost()};
  pipeline_.repairable = false;
  engine_.Advance();
  Repair();
  EXPECT_THAT(client.heard, ElementsAre("none", "draining", "drained"));
  EXPECT_EQ(client.last->step, 1u);
  EXPECT_THAT(client.last->values, ElementsAre(3));
  EXPECT_EQ(client.next_step, 1u);
}

TEST_F(OutageTest, ABeginningRefusedInAnOutageLeavesNoOldSequence) {
  FakeClient client;
  ServedSession* session = Open(client);
  Chunk a = Of(0, {3}), begin = Of(0, {1}), on = Of(1, {1}), again = Of(0, {9});
  begin.begin = again.begin = true;
  engine_.Submit(session, &a);
  BringDown();
  EXPECT_FALSE(engine_.Submit(session, &begin));
  EXPECT_THAT(client.checkpoints, IsEmpty());
  Repair();
  EXPECT_FALSE(engine_.Submit(session, &on));
  EXPECT_EQ(on.refusal, Refusal::kOutOfOrder);
  EXPECT_TRUE(engine_.Submit(session, &again));
  RunAll();
  EXPECT_THAT(client.rooms.back(), ElementsAre(9));
  Chunk wrong = Of(7, {1}), next = Of(1, {1});
  EXPECT_FALSE(engine_.Submit(session, &wrong));
  EXPECT_TRUE(engine_.Submit(session, &next));
}

TEST_F(OutageTest, ABeginningThatWaitedBehindTheOldSequenceEndsItWhenBothAreRefused) {
  FakeClient client, culprit;
  ServedSession* session = Open(client);
  Chunk lost = Ones(0, 1), old = Of(0, {3}), begin = Of(0, {1}), on = Of(0, {1});
  begin.begin = true;
  pipeline_.hold = true;
  engine_.Submit(Open(culprit), &lost);
  engine_.Submit(session, &old);
  engine_.Submit(session, &begin);
  pipeline_.script = {FakePipeline::Lost()};
  pipeline_.hold = false;
  RunAll();
  EXPECT_THAT(client.heard, ElementsAre("checkpoint", "pipeline_down", "pipeline_down"));
  Repair();
  EXPECT_FALSE(engine_.Submit(session, &on));
  EXPECT_EQ(on.refusal, Refusal::kOutOfOrder);
}

TEST_F(OutageTest, NoSessionOpensAndNoUnaryCallIsTakenInAnOutage) {
  BringDown();
  FakeClient client;
  Refusal refusal;
  for (const SessionKind kind : {SessionKind::kStream, SessionKind::kSequence, SessionKind::kCall}) {
    EXPECT_EQ(engine_.Open(served_, {}, &client, &refusal, {.kind = kind}), nullptr);
    EXPECT_EQ(refusal, Refusal::kPipelineDown);
  }
}

TEST_F(OutageTest, AUnaryCallThatWaitsIsRefusedWithoutAState) {
  FakeClient client, culprit;
  Chunk lost = Ones(0, 1), unary = Ones(0, 5);
  pipeline_.hold = true;
  engine_.Submit(Open(culprit), &lost);
  Refusal refusal;
  engine_.Submit(engine_.Open(served_, {}, &client, &refusal, {.kind = SessionKind::kCall}), &unary);
  pipeline_.script = {FakePipeline::Lost()};
  pipeline_.hold = false;
  RunAll();
  EXPECT_THAT(client.heard, ElementsAre("pipeline_down"));
}

TEST_F(OutageTest, AClientThatLeavesWhileItsRunWaitsIsForgotten) {
  FakeClient client;
  ServedSession* session = Open(client);
  Chunk a = Ones(0, 1);
  pipeline_.script = {FakePipeline::Lost()};
  engine_.Submit(session, &a);
  RunAll();
  engine_.End(session, EndReason::kClosed);
  EXPECT_EQ(client.reason, EndReason::kClosed);
  Repair();
  EXPECT_FALSE(engine_.busy());
}

TEST_F(OutageTest, AClientThatHasLeftHasNoRunTriedAgain) {
  FakeClient client;
  ServedSession* session = Open(client);
  Chunk a = Ones(0, 1);
  pipeline_.hold = true;
  engine_.Submit(session, &a);
  engine_.End(session, EndReason::kClosed);
  pipeline_.script = {FakePipeline::Failed(Fault::kHang)};
  pipeline_.hold = false;
  RunAll();
  EXPECT_EQ(pipeline_.runs, 1);
  EXPECT_EQ(client.reason, EndReason::kClosed);
}

TEST_F(OutageTest, ManySessionsFindTheirOwnStatesAgain) {
  constexpr size_t kSessions = 200;
  std::deque<FakeClient> clients(kSessions);
  std::vector<ServedSession*> sessions;
  std::deque<Chunk> chunks;
  for (FakeClient& client : clients) sessions.push_back(Open(client));
  for (uint64_t step = 0; step < 6; ++step) {
    if (step == 3) pipeline_.script = {{}, {}, FakePipeline::Lost(Fault::kHalfWritten)};
    pipeline_.hold = true;
    for (size_t i = 0; i < kSessions; ++i) {
      engine_.Submit(sessions[i], &chunks.emplace_back(Of(sessions[i]->state.next_step(), {static_cast<float>(i)})));
    }
    pipeline_.hold = false;
    RunAll();
    if (!engine_.pipeline_up()) Repair();
    RunAll();
  }
  size_t refused = 0;
  for (size_t i = 0; i < kSessions; ++i) {
    refused += clients[i].checkpoints.size();
    EXPECT_EQ(clients[i].rooms.back()[0], static_cast<float>(i * sessions[i]->state.next_step()));
    EXPECT_EQ(sessions[i]->state.next_step(), clients[i].checkpoints.empty() ? 6u : 5u);
  }
  EXPECT_EQ(refused, kSessions - 3);
}

}  // namespace
}  // namespace recurd
