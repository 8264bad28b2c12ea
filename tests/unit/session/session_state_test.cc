#include "server/session/session_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace recurd {
namespace {

using ::testing::ElementsAre;

Model TwoStates() {
  Model model;
  model.initial_state = {1, 2};
  return model;
}

TEST(SessionStateTest, StartsFromTheModelsInitialStateAtStepZero) {
  const SessionState state(TwoStates());
  EXPECT_THAT(state.values(), ElementsAre(1, 2));
  EXPECT_EQ(state.next_step(), 0u);
  EXPECT_TRUE(state.in_sequence());
}

TEST(SessionStateTest, CommitTakesWhatTheRunLeftAndCountsItsSteps) {
  SessionState state(TwoStates());
  state.next_values()[0] = 7;
  state.next_values()[1] = 8;
  EXPECT_THAT(state.values(), ElementsAre(1, 2));
  state.Commit(5, 42);
  EXPECT_THAT(state.values(), ElementsAre(7, 8));
  EXPECT_EQ(state.next_step(), 5u);
  EXPECT_EQ(state.state_key(), 42u);
}

TEST(SessionStateTest, RollbackBringsBackTheStateFromBeforeTheChunksFirstRun) {
  SessionState state(TwoStates());
  for (int run = 0; run < 3; ++run) {
    state.next_values()[0] = state.next_values()[1] = static_cast<float>(10 + run);
    state.Commit(5, 42, run == 0);
  }
  EXPECT_THAT(state.values(), ElementsAre(12, 12));
  state.Rollback(43);
  EXPECT_THAT(state.values(), ElementsAre(1, 2));
  EXPECT_EQ(state.next_step(), 0u);
  EXPECT_EQ(state.state_key(), 43u);
}

TEST(SessionStateTest, RestartBeginsASequenceAgain) {
  SessionState state(TwoStates());
  state.Commit(5, 1);
  state.EndSequence();
  EXPECT_FALSE(state.in_sequence());
  const std::vector<float> given = {3, 4};
  state.Restart(given, 9, 2);
  EXPECT_THAT(state.values(), ElementsAre(3, 4));
  EXPECT_EQ(state.next_step(), 9u);
  EXPECT_TRUE(state.in_sequence());
}

TEST(SessionStateTest, GivesItsRoomAwayAndTakesItAgainWithTheSameState) {
  SessionState state(TwoStates());
  state.Commit(1, 1);
  state.GiveRoom();
  const std::vector<float> before(state.values().begin(), state.values().end());
  EXPECT_TRUE(state.next_values().empty());
  state.TakeRoom();
  EXPECT_EQ(state.next_values().size(), 2u);
  EXPECT_EQ(std::vector<float>(state.values().begin(), state.values().end()), before);
}

}  // namespace
}  // namespace recurd
