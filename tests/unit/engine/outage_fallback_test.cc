// What clients see of a fallback.
#include "tests/unit/engine/outage_fixture.h"

namespace recurd {
namespace {

using ::testing::ElementsAre;

class FallbackTest : public OutageTest {
 protected:
  explicit FallbackTest(std::string profile = "other") : OutageTest(std::move(profile)) {}
};

TEST_F(FallbackTest, ASessionThatMayChangeItsProfileGoesOnAtOnceAndGoesBackAfterwards) {
  FakeClient client;
  ServedSession* session = Open(client, {.allow_profile_change = true});
  Chunk a = Of(0, {3}), b = Of(1, {4}), c = Of(2, {5});
  pipeline_.script = {{}, FakePipeline::Lost()};
  engine_.Submit(session, &a);
  engine_.Submit(session, &b);
  RunAll();
  EXPECT_FALSE(a.on_fallback);
  EXPECT_TRUE(b.on_fallback);
  EXPECT_EQ(metrics_.server.fallback_sessions.value(), 1);
  Repair();
  engine_.Submit(session, &c);
  RunAll();
  EXPECT_FALSE(c.on_fallback);
  EXPECT_THAT(client.rooms.back(), ElementsAre(12));
  EXPECT_THAT(client.heard, ElementsAre("none", "none", "none"));
  EXPECT_EQ(metrics_.server.fallback_sessions.value(), 0);
  EXPECT_EQ(metrics_.server.fallback_steps.value(), 1u);
  EXPECT_EQ(served_->metrics->steps.value(), 2u);
  EXPECT_EQ(served_->fallback_metrics->steps.value(), 1u);
}

TEST_F(FallbackTest, ASessionThatMayNotIsRefusedWithACheckpointWhileOthersAreServed) {
  FakeClient strict, easy;
  ServedSession* a = Open(strict);
  ServedSession* b = Open(easy, {.allow_profile_change = true});
  BringDown();
  Chunk chunk_a = Ones(0, 1), chunk_b = Ones(0, 1);
  EXPECT_FALSE(engine_.Submit(a, &chunk_a));
  EXPECT_EQ(chunk_a.refusal, Refusal::kPipelineDown);
  EXPECT_EQ(strict.checkpoints.size(), 1u);
  EXPECT_TRUE(engine_.Submit(b, &chunk_b));
  EXPECT_THAT(easy.rooms[0], ElementsAre(1));
  EXPECT_TRUE(events_.back().fallback);
}

TEST_F(FallbackTest, AChunkCutByTheOutageIsFinishedByTheFallback) {
  FakeClient client;
  ServedSession* session = Open(client, {.checkpoint_steps = 1, .allow_profile_change = true});
  Chunk big = Ones(0, 100);
  pipeline_.script = {{}, {}, FakePipeline::Lost()};
  engine_.Submit(session, &big);
  RunAll();
  EXPECT_TRUE(big.on_fallback);
  EXPECT_EQ(client.rooms[0].back(), 100);
  EXPECT_EQ(client.checkpoints[0].numerics_profile, "other");
  EXPECT_EQ(metrics_.server.fallback_steps.value(), 80u);
}

TEST_F(FallbackTest, ANewSessionBeginsOnTheFallbackAndStaysThereUnlessItMayChange) {
  BringDown();
  FakeClient strict, easy;
  ServedSession* a = Open(strict);
  ServedSession* b = Open(easy, {.allow_profile_change = true});
  Repair();
  Chunk chunk_a = Ones(0, 1), chunk_b = Ones(0, 1);
  engine_.Submit(a, &chunk_a);
  engine_.Submit(b, &chunk_b);
  EXPECT_TRUE(chunk_a.on_fallback);
  EXPECT_FALSE(chunk_b.on_fallback);
  EXPECT_EQ(SealState(*a).numerics_profile, "other");
  EXPECT_EQ(SealState(*b).numerics_profile, "fake");
  EXPECT_EQ(metrics_.server.fallback_sessions.value(), 1);
  engine_.End(a, EndReason::kClosed);
  EXPECT_EQ(metrics_.server.fallback_sessions.value(), 0);
}

TEST_F(FallbackTest, WhatTheFallbackComputesDoesNotVouchForThePipeline) {
  BringDown();
  FakeClient pinned, client;
  ServedSession* on_fallback = Open(pinned);
  Repair();
  Chunk a = Ones(0, 1), b = Ones(0, 1);
  engine_.Submit(on_fallback, &a);
  RunAll();
  pipeline_.script = {FakePipeline::Lost()};
  engine_.Submit(Open(client), &b);
  RunAll();
  EXPECT_EQ(events_.back().kind, Kind::kLost);
}

TEST_F(FallbackTest, AStateGoesOnWhereItsProfileIsComputedUnlessItMayChange) {
  const std::vector<float> h = {10};
  const StateImage own = StateImage::Seal(*served_->model, "fake", 7, h);
  const StateImage other = StateImage::Seal(*served_->model, "other", 7, h);
  EXPECT_FALSE(engine_.BeginsOnFallback(*served_, &own, false));
  EXPECT_TRUE(engine_.BeginsOnFallback(*served_, &other, false));
  EXPECT_FALSE(engine_.BeginsOnFallback(*served_, &other, true));
  BringDown();
  EXPECT_TRUE(engine_.BeginsOnFallback(*served_, &own, true));
  FakeClient client;
  EXPECT_EQ(Open(client, {.state = &own}), nullptr);
}

TEST_F(FallbackTest, TheFallbacksOwnFailureEndsTheSessionOnly) {
  FakeClient client;
  ServedSession* session = Open(client, {.allow_profile_change = true});
  BringDown();
  Chunk a = Of(0, {666});
  engine_.Submit(session, &a);
  RunAll();
  EXPECT_EQ(client.reason, EndReason::kFailed);
  EXPECT_EQ(engine_.session_count(), 0);
  EXPECT_EQ(metrics_.server.fallback_sessions.value(), 0);
  EXPECT_EQ(Rungs(Rung::kReload), 1u);
}

TEST_F(FallbackTest, ALostPipelineEndsAlsoTheSessionsThatTheFallbackServes) {
  FakeClient client;
  ServedSession* session = Open(client, {.allow_profile_change = true});
  BringDown();
  Chunk a = Ones(0, 25);
  engine_.Submit(session, &a);
  ASSERT_TRUE(a.started());
  fallback_.hold = true;
  engine_.Advance();
  pipeline_.repairable = false;
  Repair();
  fallback_.hold = false;
  RunAll();
  EXPECT_THAT(client.heard, ElementsAre("draining", "drained"));
  EXPECT_EQ(client.last->step, 0u);
  EXPECT_EQ(client.last->numerics_profile, "fake");
}

TEST_F(FallbackTest, AStateThatIsBroughtBackHasTheProfileItHad) {
  FakeClient client;
  ServedSession* session = Open(client, {.allow_profile_change = true});
  BringDown();
  Chunk a = Ones(0, 1), big = Ones(1, 100);
  engine_.Submit(session, &a);
  Repair();
  engine_.Submit(session, &big);
  ASSERT_TRUE(big.started());
  engine_.Abandon();
  EXPECT_EQ(client.last->step, 1u);
  EXPECT_EQ(client.last->numerics_profile, "other");
}

class EqualFallbackTest : public FallbackTest {
 protected:
  EqualFallbackTest() : FallbackTest("fake") {}
};

TEST_F(EqualFallbackTest, WithEqualProfilesNobodyNeedsToAllowAnything) {
  FakeClient client;
  ServedSession* session = Open(client);
  BringDown();
  FakeClient fresh;
  ServedSession* opened = Open(fresh);
  Chunk a = Ones(0, 1), b = Ones(0, 1), c = Ones(1, 1);
  EXPECT_TRUE(engine_.Submit(session, &a));
  EXPECT_TRUE(engine_.Submit(opened, &b));
  EXPECT_TRUE(a.on_fallback && b.on_fallback);
  Repair();
  EXPECT_TRUE(engine_.Submit(opened, &c));
  EXPECT_FALSE(c.on_fallback);
}

}  // namespace
}  // namespace recurd
