#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/unit/engine/engine_fixture.h"

namespace recurd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class AttachmentTest : public EngineFixture {
 protected:
  ServedSession* OpenAs(FakeClient* client, const NewSession& what, Refusal* refusal = nullptr) {
    Refusal ignored;
    return engine_.Open(served_, {}, client, refusal == nullptr ? &ignored : refusal, what);
  }
  void Apply(ServedSession* session, uint64_t first_step) {
    chunks_.push_back(Make(first_step, one_));
    engine_.Submit(session, &chunks_.back());
    RunAll();
  }

  const std::vector<float> one_ = {1};
  std::deque<Chunk> chunks_;
};

TEST_F(AttachmentTest, ASessionIsFoundByItsIdAndAChosenIdOnlyByItsIdentity) {
  FakeClient client;
  ServedSession* made = OpenAs(&client, {.identity = "ann"});
  ServedSession* chosen = OpenAs(&client, {.identity = "ann", .id = "pump"});
  EXPECT_EQ(engine_.Find(SessionKey("bob", made->id())), made);
  EXPECT_EQ(engine_.Find(SessionKey("ann", "pump")), chosen);
  EXPECT_EQ(engine_.Find(SessionKey("bob", "pump")), nullptr);
  EXPECT_EQ(engine_.Find(chosen->serial), chosen);
}

TEST_F(AttachmentTest, AnIdThatLivesIsNotGivenAgain) {
  FakeClient client;
  Refusal refusal;
  ServedSession* first = OpenAs(&client, {.id = "pump"});
  EXPECT_EQ(OpenAs(&client, {.id = "pump"}, &refusal), nullptr);
  EXPECT_EQ(refusal, Refusal::kIdTaken);
  engine_.End(first, EndReason::kClosed);
  EXPECT_NE(OpenAs(&client, {.id = "pump"}), nullptr);
}

TEST_F(AttachmentTest, ANewSessionIsRefusedWhereThePipelineHasNoTimeLeft) {
  pipeline_.step_ns = 1e6;
  served_->prepared = *pipeline_.Prepare(served_->model);
  Engine engine(pipeline_, metrics_, clock_, {.max_chunk_steps = 10'000, .max_load = 0.5});
  engine.catalog().Put(served_);
  FakeClient client;
  Refusal refusal = Refusal::kNone;
  clock_.now_ns = 1;
  engine.MeasureLoad();
  ServedSession* first = engine.Open(served_, {}, &client, &refusal);
  Chunk pouring = Make(0, ones_);
  engine.Submit(first, &pouring);
  while (engine.busy()) engine.Advance();  // the clock goes on by nothing but its steps
  engine.MeasureLoad();
  EXPECT_EQ(engine.Open(served_, {}, &client, &refusal), nullptr);
  EXPECT_EQ(refusal, Refusal::kOverload);
}

TEST_F(AttachmentTest, ATakeOverDropsWhatTheOldClientHadQueuedAndRaisesTheEpoch) {
  FakeClient before, after;
  ServedSession* session = Open(before);
  Apply(session, 0);
  Chunk long_one = Make(1, ones_), behind = Make(10'001, one_);
  engine_.Submit(session, &long_one);  // its first quantum runs at once
  engine_.Submit(session, &behind);
  EXPECT_EQ(session->state.next_step(), 11u);
  engine_.Attach(engine_.Find(session->key), {}, &after);
  EXPECT_THAT(before.heard, ElementsAre("none", "session_over", "session_over", "taken_over"));
  EXPECT_EQ(session->epoch, 2u);
  EXPECT_EQ(session->state.next_step(), 1u);
  Apply(session, 1);
  EXPECT_THAT(after.rooms.back(), ElementsAre(2));
  EXPECT_EQ(engine_.session_count(), 1);
}

TEST_F(AttachmentTest, AClientThatLeavesWhileItsRunIsOnThePipelineIsLetGoWhenItComesOff) {
  FakeClient client;
  ServedSession* session = Open(client);
  Chunk chunk = Make(0, one_);
  pipeline_.hold = true;
  engine_.Submit(session, &chunk);
  engine_.Detach(session);
  EXPECT_THAT(client.heard, IsEmpty());
  pipeline_.hold = false;
  RunAll();
  EXPECT_THAT(client.heard, ElementsAre("session_over", "expired"));
  EXPECT_FALSE(session->attached());
  EXPECT_EQ(session->state.next_step(), 0u);
}

TEST_F(AttachmentTest, TellsWhetherASessionRuns) {
  FakeClient client;
  ServedSession* session = Open(client);
  Chunk chunk = Make(0, one_);
  pipeline_.hold = true;
  engine_.Submit(session, &chunk);
  EXPECT_TRUE(engine_.IsRunning(session));
  pipeline_.hold = false;
  RunAll();
  EXPECT_FALSE(engine_.IsRunning(session));
}

TEST_F(AttachmentTest, ARunThatFailsAfterItsClientLeftTakesNothingFromTheSession) {
  FakeClient client, after;
  ServedSession* session = Open(client);
  Apply(session, 0);
  Chunk chunk = Make(1, one_);
  pipeline_.hold = true;
  pipeline_.script = {FakePipeline::Failed(Fault::kCorrupt)};
  engine_.Submit(session, &chunk);
  engine_.Detach(session);
  pipeline_.hold = false;
  RunAll();
  EXPECT_THAT(client.heard, ElementsAre("none", "session_over", "expired"));
  engine_.Attach(session, {}, &after);
  Apply(session, 1);
  EXPECT_THAT(after.rooms.back(), ElementsAre(2));
}

TEST_F(AttachmentTest, ADetachedSessionKeepsItsStateAndIsAttachedAgain) {
  FakeClient before, after;
  ServedSession* session = Open(before);
  Apply(session, 0);
  engine_.Detach(session);
  EXPECT_THAT(before.heard, ElementsAre("none", "expired"));
  EXPECT_EQ(engine_.detached_count(), 1);
  engine_.Attach(session, {}, &after);
  EXPECT_EQ(engine_.detached_count(), 0);
  Apply(session, 1);
  EXPECT_THAT(after.rooms.back(), ElementsAre(2));
}

TEST_F(AttachmentTest, AnAttachWithAStateRewindsTheSession) {
  FakeClient before, after;
  ServedSession* session = Open(before);
  const StateImage early = SealState(*session);
  Apply(session, 0);
  Apply(session, 1);
  engine_.Attach(session, {.state = &early}, &after);
  Apply(session, 0);
  EXPECT_THAT(after.rooms.back(), ElementsAre(1));
}

TEST_F(AttachmentTest, ADroppedBeginningLeavesNoOldSequence) {
  FakeClient before, after;
  ServedSession* session = Open(before);
  Apply(session, 0);
  Chunk blocking = Make(1, ones_), fresh = Make(0, one_), on = Make(1, one_);
  fresh.begin = true;
  engine_.Submit(session, &blocking);
  engine_.Submit(session, &fresh);
  engine_.Attach(session, {}, &after);
  EXPECT_FALSE(session->state.in_sequence());
  EXPECT_FALSE(engine_.Submit(session, &on));
  EXPECT_EQ(on.refusal, Refusal::kOutOfOrder);
}

TEST_F(AttachmentTest, LingerEndsADetachedSessionAndTellsWhoAsks) {
  FakeClient client;
  ServedSession* session = Open(client);
  const std::string key = session->key;
  Apply(session, 0);
  engine_.Detach(session);
  clock_.now_ns += options_.linger_ns;
  engine_.Expire(100);
  EXPECT_EQ(engine_.session_count(), 1);
  clock_.now_ns += 1;
  engine_.Expire(100);
  EXPECT_EQ(engine_.session_count(), 0);
  ASSERT_NE(engine_.EndingOf(key), nullptr);
  EXPECT_EQ(engine_.EndingOf(key)->reason, EndReason::kExpired);
  EXPECT_EQ(engine_.EndingOf(key)->next_step, 1u);
}

TEST_F(AttachmentTest, ExpiringLooksAtAFewSessionsAtATimeAndAtAllInTurn) {
  FakeClient client;
  for (int i = 0; i < 3; ++i) Open(client);
  clock_.now_ns += options_.idle_timeout_ns + 1;
  EXPECT_TRUE(engine_.Expire(2));
  EXPECT_EQ(engine_.session_count(), 1);
  EXPECT_FALSE(engine_.Expire(2));
  EXPECT_EQ(engine_.session_count(), 0);
}

TEST_F(AttachmentTest, TheSessionDetachedTheLongestMakesRoomAndAnAttachedOneNever) {
  FakeClient client;
  ServedSession* a = Open(client);
  ServedSession* b = Open(client);
  const std::string key_of_a = a->key, key_of_b = b->key;
  Open(client);
  engine_.Detach(b);
  clock_.now_ns += 1;
  engine_.Detach(a);
  EXPECT_NE(Open(client), nullptr);
  EXPECT_EQ(engine_.EndingOf(key_of_b)->reason, EndReason::kEvicted);
  EXPECT_EQ(engine_.EndingOf(key_of_a), nullptr);
  EXPECT_NE(Open(client), nullptr);
  EXPECT_EQ(Open(client), nullptr);
}

TEST_F(AttachmentTest, AnIdentityHasItsOwnLimitAndItsOwnDetachedSessionsMakeRoom) {
  Engine engine(pipeline_, metrics_, clock_, {.max_sessions_per_identity = 2});
  FakeClient client;
  Refusal refusal;
  ServedSession* first = engine.Open(served_, {}, &client, &refusal, {.identity = "ann"});
  engine.Open(served_, {}, &client, &refusal, {.identity = "ann"});
  EXPECT_EQ(engine.Open(served_, {}, &client, &refusal, {.identity = "ann"}), nullptr);
  EXPECT_EQ(refusal, Refusal::kQuota);
  EXPECT_NE(engine.Open(served_, {}, &client, &refusal, {.identity = "bob"}), nullptr);
  EXPECT_NE(engine.Open(served_, {}, &client, &refusal), nullptr);
  engine.Detach(first);
  EXPECT_NE(engine.Open(served_, {}, &client, &refusal, {.identity = "ann"}), nullptr);
}

TEST_F(AttachmentTest, ASessionMadeForNobodyLingersUntilSomebodyAttaches) {
  const std::vector<float> h = {10};
  const StateImage image = StateImage::Seal(*served_->model, "fake", 7, h);
  Refusal refusal;
  ServedSession* session = engine_.Open(served_, {.state = &image}, nullptr, &refusal);
  EXPECT_EQ(engine_.detached_count(), 1);
  FakeClient client;
  engine_.Attach(session, {}, &client);
  Apply(session, 7);
  EXPECT_THAT(client.rooms.back(), ElementsAre(11));
}

TEST_F(AttachmentTest, TheStateBetweenChunksIsThatBehindTheLastWholeOne) {
  FakeClient client;
  ServedSession* session = Open(client);
  Apply(session, 0);
  Chunk chunk = Make(1, ones_);
  engine_.Submit(session, &chunk);
  EXPECT_EQ(SealStateBetweenChunks(*session).step, 1u);
  EXPECT_THAT(SealStateBetweenChunks(*session).values, ElementsAre(1));
  RunAll();
  EXPECT_EQ(SealStateBetweenChunks(*session).step, 10'001u);
}

TEST_F(AttachmentTest, ListsSessionsInTheOrderOfTheirOpeningWithoutCalls) {
  FakeClient client;
  ServedSession* a = Open(client);
  OpenAs(&client, {.kind = SessionKind::kCall});
  ServedSession* b = Open(client);
  EXPECT_EQ(engine_.Next(0), a);
  EXPECT_EQ(engine_.Next(a->serial), b);
  EXPECT_EQ(engine_.Next(b->serial), nullptr);
}

}  // namespace
}  // namespace recurd
