#include "server/pipeline/xrt/rings.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/pipeline/xrt/fake_device.h"

namespace recurd::board {
namespace {

TEST(RingsTest, MemoryThatIsSlowToMaintainIsNotTaken) {
  FakeDevice device;
  TickingClock clock;
  device.clock = &clock;
  device.maintain_ns = 1000;
  EXPECT_EQ(Rings::Make(device, clock, 12, 36)->caching(), Caching::kUncached);
  device.maintain_ns = -50;  // what uncached accesses would take more
  EXPECT_EQ(Rings::Make(device, clock, 12, 36)->caching(), Caching::kCacheable);
}

TEST(RingsTest, APlatformMayHaveNoCacheableMemory) {
  FakeDevice device;
  const TickingClock clock;
  device.has_cacheable = false;
  EXPECT_EQ(Rings::Make(device, clock, 12, 36)->caching(), Caching::kUncached);
}

TEST(RingsTest, PlacesMoveOnAndBeginAgainWhereTheRestIsTooShort) {
  FakeDevice device;
  Rings rings = *Rings::Make(device, Caching::kUncached, 4096);
  ASSERT_EQ(rings.beats(), 256u);
  EXPECT_EQ(rings.Reserve(100), 0u);
  EXPECT_EQ(rings.Reserve(100), 100u);
  EXPECT_EQ(rings.Reserve(57), 0u);
  EXPECT_EQ(rings.Reserve(199), 57u);
  EXPECT_EQ(rings.Reserve(256), 0u);
  EXPECT_EQ(rings.Reserve(1), 0u);
}

TEST(RingsTest, WordsStandWhereTheyWerePut) {
  FakeDevice device;
  Rings rings = *Rings::Make(device, Caching::kUncached, 4096);
  const std::vector<uint32_t> first = {1, 2, 3, 4}, second = {5, 6, 7, 8, 9, 10, 11, 12};
  EXPECT_EQ(rings.Put(first), 0u);
  EXPECT_EQ(rings.Put(second), 1u);
  EXPECT_THAT(std::vector<uint32_t>(rings.input().words(), rings.input().words() + 12),
              testing::ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12));
}

}  // namespace
}  // namespace recurd::board
