#include "server/engine/repairs.h"

#include <atomic>
#include <memory>

#include "tests/unit/engine/outage_fixture.h"

namespace recurd {
namespace {

using ::testing::ElementsAre;

constexpr int64_t kLongNs = 3'600'000'000'000;

class RepairsTest : public OutageTest {
 protected:
  ~RepairsTest() override { pipeline_.hold_repair = false; }

  // With a run lost, and its repair begun.
  Repairs& BeginRepair(int64_t limit_ns) {
    repairs_ = std::make_unique<Repairs>(
        engine_, serving_, [] {}, limit_ns);
    pipeline_.hold_repair = true;
    BringDown();
    repairs_->Work();
    return *repairs_;
  }
  void AwaitAnswer() {
    pipeline_.hold_repair = false;
    while (Told().size() < 2) serving_.Drain();
  }

  std::atomic<int> posts_ = 0;
  Mailbox serving_{[this] { ++posts_; }};
  std::unique_ptr<Repairs> repairs_;
};

TEST_F(RepairsTest, HasThePipelineRepairedWhileTheAdminThreadGoesOn) {
  Repairs& repairs = BeginRepair(kLongNs);
  EXPECT_GT(repairs.NsLeft(), kLongNs / 2);
  EXPECT_LE(repairs.NsLeft(), kLongNs);
  AwaitAnswer();
  EXPECT_THAT(Told(), ElementsAre(Kind::kDown, Kind::kUp));
  EXPECT_TRUE(repairs.Work());
  EXPECT_EQ(repairs.NsLeft(), INT64_MAX);
}

TEST_F(RepairsTest, RepairsAsOftenAsItIsNeeded) {
  Repairs& repairs = BeginRepair(kLongNs);
  AwaitAnswer();
  FakeClient client;
  Chunk a = Ones(0, 1);
  engine_.Submit(Open(client), &a);
  BringDown();
  EXPECT_TRUE(repairs.Work());
  while (Told().size() < 4) serving_.Drain();
  EXPECT_THAT(Told(), ElementsAre(Kind::kDown, Kind::kUp, Kind::kDown, Kind::kUp));
}

TEST_F(RepairsTest, ARepairThatDoesNotReturnInTimeHasFailed) {
  Repairs& repairs = BeginRepair(1'000'000);
  while (repairs.Work()) {
  }
  serving_.Drain();
  EXPECT_THAT(Told(), ElementsAre(Kind::kDown, Kind::kLost));
}

TEST_F(RepairsTest, AtTheEndOfTheProcessARepairIsGivenUpAndNoneIsBegun) {
  Repairs& repairs = BeginRepair(kLongNs);
  EXPECT_TRUE(repairs.GiveUp());
  EXPECT_FALSE(repairs.GiveUp());
  EXPECT_FALSE(repairs.Work());
  serving_.Drain();
  EXPECT_THAT(Told(), ElementsAre(Kind::kDown, Kind::kLost));
}

TEST_F(RepairsTest, WhatAGivenUpRepairSaysLaterIsNotHeard) {
  BeginRepair(kLongNs).GiveUp();
  pipeline_.hold_repair = false;
  repairs_.reset();  // waits for it
  EXPECT_EQ(posts_, 1);
}

TEST_F(RepairsTest, WithoutARepairTheEndOfTheProcessIsNoLoss) {
  Repairs repairs(engine_, serving_, [] {});
  EXPECT_FALSE(repairs.GiveUp());
  BringDown();
  EXPECT_TRUE(repairs.Work());
  EXPECT_EQ(repairs.NsLeft(), INT64_MAX) << "a repair was begun";
}

}  // namespace
}  // namespace recurd
