#include "recurd/ledger.h"

#include <gtest/gtest.h>

namespace recurd {
namespace {

TEST(ChunkLedger, NumbersChunksOneBehindTheOther) {
  ChunkLedger ledger(5);
  EXPECT_EQ(ledger.Push(3, false, false).first_step, 5u);
  EXPECT_EQ(ledger.Push(2, false, false).first_step, 8u);
  EXPECT_EQ(ledger.next_step(), 10u);
  EXPECT_EQ(ledger.outstanding(), 2);
}

TEST(ChunkLedger, BeginsAnewAfterTheEndOfASequence) {
  ChunkLedger ledger(0);
  ledger.Push(3, false, /*end=*/true);
  const ChunkLedger::Entry next = ledger.Push(1, false, false);
  EXPECT_TRUE(next.begin);
  EXPECT_EQ(next.first_step, 0u);
  EXPECT_EQ(ledger.next_step(), 1u);
}

TEST(ChunkLedger, TakesOnlyAnswersThatAreDue) {
  ChunkLedger ledger(0);
  EXPECT_FALSE(ledger.Applied(0, 1));
  EXPECT_FALSE(ledger.Refused(0));
  ledger.Push(2, false, false);
  EXPECT_FALSE(ledger.Applied(0, 1));
  EXPECT_FALSE(ledger.Applied(1, 2));
  EXPECT_TRUE(ledger.Applied(0, 2));
  EXPECT_EQ(ledger.outstanding(), 0);
}

TEST(ChunkLedger, GoesOnFromTheExpectedStepAfterARefusal) {
  ChunkLedger ledger(0);
  ledger.Push(4, false, false);
  EXPECT_TRUE(ledger.Refused(2));
  EXPECT_EQ(ledger.Push(1, false, false).first_step, 2u);
}

TEST(ChunkLedger, DoesNotGoBackForRefusalsOfWhatWasSentBehindTheFirst) {
  ChunkLedger ledger(0);
  ledger.Push(1, false, false);
  ledger.Push(1, false, false);
  ledger.Refused(0);
  EXPECT_EQ(ledger.Push(1, false, false).first_step, 0u);
  ledger.Refused(0);
  EXPECT_EQ(ledger.next_step(), 1u);
}

TEST(ChunkLedger, KeepsANewSequenceWhenTheOldOneWasRefused) {
  ChunkLedger ledger(7);
  ledger.Push(1, false, false);
  ledger.Push(3, /*begin=*/true, false);
  ledger.Refused(7);
  EXPECT_EQ(ledger.next_step(), 3u);
}

TEST(ChunkLedger, RepeatsARefusedBeginAndARefusedEndAsTheyWere) {
  ChunkLedger ledger(7);
  ledger.Push(1, /*begin=*/true, false);
  ledger.Refused(7);
  EXPECT_TRUE(ledger.Push(1, false, /*end=*/true).begin);
  ledger.Applied(0, 1);
  ledger.Push(1, false, false);
  ledger.Applied(0, 1);
  ledger.Push(1, false, /*end=*/true);
  ledger.Refused(1);
  const ChunkLedger::Entry again = ledger.Push(1, false, true);
  EXPECT_FALSE(again.begin);
  EXPECT_EQ(again.first_step, 1u);
}

}  // namespace
}  // namespace recurd
