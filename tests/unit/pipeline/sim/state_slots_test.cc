#include "server/pipeline/sim/state_slots.h"

#include "gtest/gtest.h"

namespace recurd::sim {
namespace {

TEST(StateSlotsTest, AStateIsFoundWhereItWasPut) {
  StateSlots slots;
  const int slot = slots.Find(5).slot;
  EXPECT_FALSE(slots.Find(5).hit);
  slots.Fill(slot, 5);
  EXPECT_TRUE(slots.Find(5).hit);
  EXPECT_EQ(slots.Find(5).slot, slot);
}

TEST(StateSlotsTest, AnEmptyArrayHoldsNoState) { EXPECT_FALSE(StateSlots().Find(0).hit); }

TEST(StateSlotsTest, EightStatesStayAndTheNinthReplacesTheOneUsedLongestAgo) {
  StateSlots slots;
  for (uint64_t key = 1; key <= 8; ++key) slots.Fill(slots.Find(key).slot, key);
  slots.Fill(slots.Find(1).slot, 1);
  const StateSlots::Place ninth = slots.Find(9);
  EXPECT_FALSE(ninth.hit);
  slots.Fill(ninth.slot, 9);
  EXPECT_FALSE(slots.Find(2).hit);
  for (uint64_t key : {1, 3, 4, 5, 6, 7, 8, 9}) EXPECT_TRUE(slots.Find(key).hit) << key;
}

TEST(StateSlotsTest, AClearedSlotHoldsNothing) {
  StateSlots slots;
  const int slot = slots.Find(5).slot;
  slots.Fill(slot, 5);
  slots.Clear(slot);
  EXPECT_FALSE(slots.Find(5).hit);
}

}  // namespace
}  // namespace recurd::sim
