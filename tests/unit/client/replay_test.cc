#include "recurd/replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace recurd {
namespace {

v1::State StateAt(uint64_t step) {
  v1::State state;
  state.set_step(step);
  return state;
}

class ReplayLogTest : public ::testing::Test {
 protected:
  void Add(uint32_t steps, const ChunkOptions& options = {}) {
    log_.Add(std::vector<float>(steps, 1.0f), steps, options);
  }
  void SendAll() {
    while (log_.has_unsent()) log_.TakeUnsent();
  }
  void Answer(int count) {
    SendAll();
    for (int i = 0; i < count; ++i) log_.Answer(7);
  }
  // First steps of what a new connection sends.
  std::vector<uint64_t> Replayed() {
    log_.Rewind();
    std::vector<uint64_t> steps;
    while (log_.has_unsent()) steps.push_back(log_.TakeUnsent().chunk().first_step());
    return steps;
  }

  ReplayLog log_{1 << 16, std::nullopt};
};

TEST_F(ReplayLogTest, NumbersChunksAndBeginsWhereTheLastSequenceEnded) {
  Add(2);
  EXPECT_EQ(log_.next_step(), 2u);
  Add(3, {.end = true});
  EXPECT_EQ(log_.next_step(), 0u);
  Add(1);
  Add(1, {.begin = true});
  EXPECT_THAT(Replayed(), ::testing::ElementsAre(0, 2, 0, 0));
}

TEST_F(ReplayLogTest, ACheckpointDropsWhatStandsBeforeIt) {
  for (int i = 0; i < 5; ++i) Add(2);
  Answer(3);
  const size_t used = log_.used_bytes();
  log_.Checkpoint(StateAt(4));
  EXPECT_LT(log_.used_bytes(), used);
  EXPECT_EQ(log_.base()->step(), 4u);
  EXPECT_THAT(Replayed(), ::testing::ElementsAre(4, 6, 8));
  EXPECT_EQ(log_.unanswered(), 2u);
}

TEST_F(ReplayLogTest, ACheckpointWithinAChunkOrAheadOfTheAnswersIsOfNoUse) {
  for (int i = 0; i < 3; ++i) Add(2);
  Answer(2);
  log_.Checkpoint(StateAt(3));
  log_.Checkpoint(StateAt(6));
  EXPECT_FALSE(log_.base());
  EXPECT_EQ(Replayed().size(), 3u);
}

TEST_F(ReplayLogTest, ACheckpointOfTheLastSequenceIsNotTheNewOnes) {
  Add(4);
  Add(2, {.begin = true});
  Add(2);
  Answer(2);
  log_.Checkpoint(StateAt(4));
  EXPECT_FALSE(log_.base());
}

TEST_F(ReplayLogTest, ANewSequenceNeedsNothingOfTheOldOne) {
  Add(2);
  Add(2, {.end = true});
  Answer(2);
  EXPECT_TRUE(Replayed().empty());
  Add(1);
  Add(1, {.begin = true});
  Answer(2);
  EXPECT_EQ(Replayed().size(), 1u);
  EXPECT_EQ(log_.used_bytes(), ReplayLog::Cost(1, 0));
}

TEST_F(ReplayLogTest, AnswersToAReplayCountOnce) {
  for (int i = 0; i < 4; ++i) Add(1);
  Answer(3);
  Replayed();
  EXPECT_TRUE(log_.due()->answered);
  EXPECT_EQ(*log_.due()->checksum, 7u);
  for (int i = 0; i < 3; ++i) log_.Answer(7);
  EXPECT_FALSE(log_.due()->answered);
  EXPECT_EQ(log_.unanswered(), 1u);
}

TEST_F(ReplayLogTest, ARefusalTakesOutWhatWasBuiltOnItAndNothingElse) {
  Add(2);
  Add(2);
  Add(2);
  Add(1, {.begin = true});
  Answer(1);
  EXPECT_EQ(log_.Refuse().size(), 2u);
  EXPECT_TRUE(log_.SkipRefusal());
  EXPECT_FALSE(log_.SkipRefusal());
  EXPECT_TRUE(log_.due()->chunk().begin());
  EXPECT_EQ(log_.next_step(), 1u);
}

TEST_F(ReplayLogTest, AfterARefusalTheSameStepComesNext) {
  Add(2);
  Add(3);
  Answer(1);
  log_.Refuse();
  EXPECT_EQ(log_.next_step(), 2u);
  EXPECT_EQ(log_.used_bytes(), ReplayLog::Cost(2, 0));
}

TEST_F(ReplayLogTest, ARefusedBeginEndsTheOldSequenceAllTheSame) {
  Add(2);
  Answer(1);
  Add(2, {.begin = true});
  SendAll();
  log_.Refuse();
  EXPECT_EQ(log_.next_step(), 0u);
  Add(1);
  log_.Rewind();
  EXPECT_TRUE(log_.TakeUnsent().chunk().begin());
  EXPECT_FALSE(log_.has_unsent());
}

TEST_F(ReplayLogTest, ADeadlineHoldsUntilItWasMet) {
  Add(1, {.deadline_us = 5});
  Add(1, {.deadline_us = 5});
  Answer(1);
  log_.Rewind();
  EXPECT_EQ(log_.TakeUnsent().chunk().deadline_us(), 0u);
  EXPECT_EQ(log_.TakeUnsent().chunk().deadline_us(), 5u);
}

TEST_F(ReplayLogTest, AsksForACheckpointBeforeAQuarterOfTheMemoryIsFull) {
  size_t since = 0;
  for (int i = 0; i < 100; ++i) {
    Add(100);
    log_.Rewind();
    const v1::Chunk* last = nullptr;
    while (log_.has_unsent()) last = &log_.TakeUnsent().chunk();
    since = last->checkpoint() ? 0 : since + ReplayLog::Cost(100, 0);
    ASSERT_LT(since, size_t{1 << 16} / 4);
  }
}

TEST_F(ReplayLogTest, InTheMiddleOfASessionNothingCanBeRestoredUntilItsStateCame) {
  log_.StartAt(5, false);
  EXPECT_FALSE(log_.restorable());
  EXPECT_EQ(log_.first_step(), 5u);
  Add(2);
  SendAll();
  EXPECT_TRUE(log_.due()->chunk().checkpoint());
  log_.Answer(7);
  EXPECT_FALSE(log_.restorable());
  log_.Checkpoint(StateAt(7));
  EXPECT_TRUE(log_.restorable());
}

}  // namespace
}  // namespace recurd
