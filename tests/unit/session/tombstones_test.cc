#include "server/session/tombstones.h"

#include <gtest/gtest.h>

namespace recurd {
namespace {

TEST(TombstonesTest, RemembersTheLastEndOfAKey) {
  Tombstones<int, int> tombstones;
  EXPECT_EQ(tombstones.Find(7), nullptr);
  tombstones.Add(7, 100);
  tombstones.Add(7, 200);
  EXPECT_EQ(*tombstones.Find(7), 200);
}

TEST(TombstonesTest, ForgetsTheOldestOnceFull) {
  Tombstones<int, int> tombstones(3);
  for (int i = 0; i < 5; ++i) tombstones.Add(i, i * 10);
  EXPECT_EQ(tombstones.Find(1), nullptr);
  for (int i = 2; i < 5; ++i) EXPECT_EQ(*tombstones.Find(i), i * 10);
}

TEST(TombstonesTest, AnOlderEndOfTheSameKeyThatIsForgottenLeavesTheNewer) {
  Tombstones<int, int> tombstones(2);
  tombstones.Add(7, 1);
  tombstones.Add(7, 2);
  tombstones.Add(8, 3);
  EXPECT_EQ(*tombstones.Find(7), 2);
  tombstones.Add(9, 4);
  EXPECT_EQ(tombstones.Find(7), nullptr);
}

}  // namespace
}  // namespace recurd
