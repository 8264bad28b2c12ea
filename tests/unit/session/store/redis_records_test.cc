// The scripts in a real Redis: who owns a sequence.
#include <gtest/gtest.h>

#include "server/session/store/sequence_records.h"
#include "tests/unit/session/store/redis_server.h"

namespace recurd::sequence_records {
namespace {

constexpr int64_t kTtlMs = 60'000;

class RedisRecordsTest : public ::testing::Test {
 protected:
  Answer DoKeep(const Owner& owner, const std::string& state, bool free = false) {
    Keep(*link_, "k", owner, {.version = "1", .state = state, .free = free, .ttl_ms = kTtlMs});
    return Kept(*link_->Receive());
  }
  Answer DoTake(const Owner& owner, bool force = false) {
    Take(*link_, "k", owner, kTtlMs, force);
    return Taken(*link_->Receive());
  }
  Answer DoErase(const Owner& owner) {
    Erase(*link_, "k", owner);
    return Erased(*link_->Receive());
  }
  int64_t Records() { return link_->Ask({"DBSIZE"})->number; }

  const RedisServer server_;
  const std::unique_ptr<RedisLink> link_ = server_.Connect();
  const Owner a_ = {.process = "a", .serial = 1, .age_us = 60'000'000}, b_ = {.process = "b", .serial = 1};
};

TEST_F(RedisRecordsTest, WhatIsKeptCanBeTakenWhenItsOwnerIsGone) {
  EXPECT_EQ(DoTake(b_).outcome, Outcome::kAbsent);
  EXPECT_EQ(DoKeep(a_, "one").outcome, Outcome::kDone);
  EXPECT_EQ(DoKeep(a_, "two").outcome, Outcome::kDone);
  const Answer taken = DoTake(b_);
  EXPECT_EQ(taken.outcome, Outcome::kDone);
  EXPECT_EQ(taken.state, "two");
  EXPECT_EQ(taken.version, "1");
}

TEST_F(RedisRecordsTest, WhoWasTakenFromIsFenced) {
  Owner a = a_;
  const Answer kept = DoKeep(a, "one");
  a.since = kept.since;
  DoTake(b_);
  EXPECT_EQ(DoKeep(a, "two").outcome, Outcome::kFenced);
  EXPECT_EQ(DoErase(a).outcome, Outcome::kFenced);
  const Answer back = DoTake({.process = "c", .serial = 1});
  EXPECT_EQ(back.state, "one");
}

TEST_F(RedisRecordsTest, OfTwoStartsTheLaterHasIt) {
  EXPECT_EQ(DoKeep(b_, "late").outcome, Outcome::kDone);
  const Owner earlier = {.process = "a", .serial = 1, .age_us = 60'000'000};
  EXPECT_EQ(DoKeep(earlier, "early").outcome, Outcome::kFenced);
  EXPECT_EQ(DoErase(earlier).outcome, Outcome::kFenced);
  EXPECT_EQ(Records(), 1);
  const Owner same_process = {.process = "b", .serial = 2};
  EXPECT_EQ(DoKeep(same_process, "anew").outcome, Outcome::kDone);
  EXPECT_EQ(DoKeep({.process = "b", .serial = 1, .age_us = 30'000'000}, "old").outcome, Outcome::kFenced);
}

TEST_F(RedisRecordsTest, AnOwnerThatListensIsAskedFirst) {
  const auto pushes = server_.Connect();
  ASSERT_TRUE(pushes->Ask({"SUBSCRIBE", ChannelOf("a")}).ok());
  DoKeep(a_, "one");
  EXPECT_EQ(DoTake(b_).outcome, Outcome::kHeld);
  const auto pushed = pushes->TakePushed();
  ASSERT_TRUE(pushed.ok() && pushed->size() == 1);
  EXPECT_EQ(KeyAsked(pushed->front()), "k");
  EXPECT_EQ(DoKeep(a_, "last", true).outcome, Outcome::kDone);
  EXPECT_EQ(DoTake(b_).state, "last");
  EXPECT_EQ(DoTake({.process = "c"}).outcome, Outcome::kDone);  // b doesn't listen
}

TEST_F(RedisRecordsTest, OneThatListensAndDoesntLetGoIsOverruled) {
  const auto pushes = server_.Connect();
  ASSERT_TRUE(pushes->Ask({"SUBSCRIBE", ChannelOf("a")}).ok());
  DoKeep(a_, "one");
  EXPECT_EQ(DoTake(b_).outcome, Outcome::kHeld);
  EXPECT_EQ(DoTake(b_, true).outcome, Outcome::kDone);
  EXPECT_EQ(DoKeep(a_, "two").outcome, Outcome::kFenced);
}

TEST_F(RedisRecordsTest, WhatIsErasedIsGoneAndWhatIsKeptHasItsTime) {
  DoKeep(a_, "one");
  const int64_t left_ms = link_->Ask({"PTTL", "recurd:sequence:k"})->number;
  EXPECT_GT(left_ms, kTtlMs / 2);
  EXPECT_LE(left_ms, kTtlMs);
  EXPECT_EQ(DoErase(a_).outcome, Outcome::kDone);
  EXPECT_EQ(Records(), 0);
}

TEST_F(RedisRecordsTest, ARecordThatIsNoneIsAnErrorAndOneInPartsIsAbsent) {
  ASSERT_TRUE(link_->Ask({"SET", "recurd:sequence:k", "text"}).ok());
  EXPECT_EQ(DoTake(b_).outcome, Outcome::kFailed);
  EXPECT_EQ(DoKeep(a_, "one").outcome, Outcome::kFailed);
  ASSERT_TRUE(link_->Ask({"DEL", "recurd:sequence:k"}).ok());
  ASSERT_TRUE(link_->Ask({"HSET", "recurd:sequence:k", "owner", "x", "since", "words"}).ok());
  EXPECT_EQ(DoTake(b_).outcome, Outcome::kAbsent);
  EXPECT_EQ(DoKeep(a_, "one").outcome, Outcome::kDone);
}

}  // namespace
}  // namespace recurd::sequence_records
