#include "tests/virtual_board/fault_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

namespace recurd {
namespace virtual_board {
namespace {

std::vector<bool> Strikes(const char* text, const char* name, int events) {
  FaultPlan plan;
  EXPECT_TRUE(plan.Set(text).ok());
  std::vector<bool> strikes;
  for (int i = 0; i < events; ++i) strikes.push_back(plan.Strike(name).has_value());
  return strikes;
}

TEST(FaultPlanTest, StrikesAlwaysWithoutANumber) { EXPECT_EQ(Strikes("hang", "hang", 2), std::vector({true, true})); }

TEST(FaultPlanTest, StrikesOnceAtItsEvent) {
  EXPECT_EQ(Strikes("hang@2", "hang", 3), std::vector({false, true, false}));
}

TEST(FaultPlanTest, StrikesSoManyInARow) {
  EXPECT_EQ(Strikes("hang@2x2", "hang", 4), std::vector({false, true, true, false}));
  EXPECT_EQ(Strikes("hangx1", "hang", 2), std::vector({true, false}));
}

TEST(FaultPlanTest, StrikesFromItsEventOn) {
  EXPECT_EQ(Strikes("hang@2+", "hang", 3), std::vector({false, true, true}));
}

TEST(FaultPlanTest, CountsEachSwitchApart) {
  FaultPlan plan;
  ASSERT_TRUE(plan.Set("hang@2, nan@1").ok());
  EXPECT_FALSE(plan.Strike("hang"));
  EXPECT_TRUE(plan.Strike("nan"));
  EXPECT_TRUE(plan.Strike("hang"));
}

TEST(FaultPlanTest, HasTheValueThatWasGivenOrItsOwn) {
  FaultPlan plan;
  ASSERT_TRUE(plan.Set("slow:5,refuse").ok());
  EXPECT_EQ(plan.On("slow"), 5);
  EXPECT_EQ(plan.On("refuse"), 1);
  EXPECT_EQ(plan.On("hang"), std::nullopt);
}

TEST(FaultPlanTest, NamesTheWordThatIsNoSwitchAndKeepsTheOthers) {
  FaultPlan plan;
  ASSERT_TRUE(plan.Set("hang").ok());
  const absl::Status status = plan.Set("nan,hung@3");
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr("'hung@3'"));
  EXPECT_TRUE(plan.On("hang"));
}

TEST(FaultPlanTest, CountsFromWhenItWasSet) {
  FaultPlan plan;
  ASSERT_TRUE(plan.Set("hang@1").ok());
  EXPECT_TRUE(plan.Strike("hang"));
  ASSERT_TRUE(plan.Set("hang@1").ok());
  EXPECT_TRUE(plan.Strike("hang"));
}

TEST(FaultPlanTest, TakesTheEnvironmentsAtFirst) {
  setenv("RECURD_VIRTUAL_BOARD_FAULT", "hang@1", 1);
  FaultPlan plan;
  EXPECT_TRUE(plan.Begin().ok());
  EXPECT_TRUE(plan.Strike("hang"));
  setenv("RECURD_VIRTUAL_BOARD_FAULT", "hung", 1);
  EXPECT_FALSE(FaultPlan().Begin().ok());
  unsetenv("RECURD_VIRTUAL_BOARD_FAULT");
}

}  // namespace
}  // namespace virtual_board
}  // namespace recurd
