#include "server/engine/recovery.h"

#include <gtest/gtest.h>

namespace recurd {
namespace {

using Next = Recovery::Next;
using State = Recovery::State;
using Try = Recovery::Try;

TEST(RecoveryTest, AFirstFailureIsTriedAgain) {
  Recovery recovery;
  EXPECT_EQ(recovery.OnFailure({.session = 1}), Next::kRetry);
  EXPECT_TRUE(recovery.up());
}

TEST(RecoveryTest, ASecondFailureOrALostPipelineIsRepairedWhileTheRunWaits) {
  Recovery twice, lost;
  EXPECT_EQ(twice.OnFailure({.session = 1, .attempt = Try::kSecond}), Next::kWait);
  EXPECT_EQ(lost.OnFailure({.session = 1, .lost = true}), Next::kWait);
  EXPECT_EQ(twice.state(), State::kDown);
  EXPECT_EQ(lost.state(), State::kDown);
}

TEST(RecoveryTest, AFailureAfterTheRepairEndsTheSessionOnly) {
  Recovery recovery;
  recovery.OnFailure({.session = 1, .lost = true});
  recovery.OnRepaired(true);
  EXPECT_EQ(recovery.OnFailure({.session = 1, .attempt = Try::kAfterRepair}), Next::kFail);
  EXPECT_TRUE(recovery.up());
}

TEST(RecoveryTest, APoisonedSessionIsEndedInsteadOfTriedAgain) {
  Recovery recovery;
  EXPECT_EQ(recovery.OnFailure({.session = 1, .poisoned = true}), Next::kFail);
  EXPECT_TRUE(recovery.up());
  EXPECT_EQ(recovery.OnFailure({.session = 1, .lost = true, .poisoned = true}), Next::kFail);
  EXPECT_EQ(recovery.state(), State::kDown);
}

TEST(RecoveryTest, ARepairThatFailsLosesThePipeline) {
  Recovery recovery;
  recovery.OnFailure({.session = 1, .lost = true});
  recovery.OnRepaired(false);
  EXPECT_EQ(recovery.state(), State::kLost);
}

TEST(RecoveryTest, ARepairThatHelpedNobodyLosesThePipelineAtTheNextSessionsFailure) {
  Recovery recovery;
  recovery.OnFailure({.session = 1, .lost = true});
  recovery.OnRepaired(true);
  recovery.OnFailure({.session = 2, .lost = true});
  EXPECT_EQ(recovery.state(), State::kLost);
}

TEST(RecoveryTest, ASessionThatFailsAfterItsOwnRepairGetsThePipelineOneMore) {
  Recovery recovery;
  recovery.OnFailure({.session = 1, .lost = true});
  recovery.OnRepaired(true);
  recovery.OnFailure({.session = 1, .attempt = Try::kAfterRepair, .lost = true});
  EXPECT_EQ(recovery.state(), State::kDown);
  recovery.OnRepaired(true);
  recovery.OnFailure({.session = 1, .lost = true});
  EXPECT_EQ(recovery.state(), State::kLost);
}

TEST(RecoveryTest, ARunThatSucceededMakesTheNextRepairAFirstOne) {
  Recovery recovery;
  for (uint64_t session = 1; session < 10; ++session) {
    recovery.OnFailure({.session = session, .lost = true});
    EXPECT_EQ(recovery.state(), State::kDown);
    recovery.OnRepaired(true);
    recovery.OnSuccess();
  }
}

}  // namespace
}  // namespace recurd
