#include "hw/config/contract.h"

#include <gtest/gtest.h>

#include "hw/config/geometry.h"

namespace recurd::hw {
namespace {

TEST(Contract, HeadGivesBackWhatWasPacked) {
  const uint32_t head = PackHead(kOpSwitch, 5, 40000);
  EXPECT_EQ(OpOf(head), kOpSwitch);
  EXPECT_EQ(WeightSetOf(head), 5u);
  EXPECT_EQ(SlotOf(head), 40000u);
}

TEST(Contract, TagGivesBackGateAndRowAndLeavesRoomForTheEcho) {
  const uint32_t tag = PackTag(kGateNew, 31);
  EXPECT_EQ(GateOf(tag), kGateNew);
  EXPECT_EQ(RowOf(tag), 31u);
  EXPECT_EQ(tag & kTagEcho, 0u);
}

TEST(Contract, GeometryWordKeepsItsFieldsApart) {
  EXPECT_EQ(PackGeometry(0xfff, 0, 0, 0), 0xfffu);
  EXPECT_EQ(PackGeometry(0, 0xfff, 0, 0), 0xfff000u);
  EXPECT_EQ(PackGeometry(0, 0, 0xf, 0), 0xf000000u);
  EXPECT_EQ(PackGeometry(0, 0, 0, kMappingLanes), 0x40000000u);
}

TEST(Contract, RowsArePaddedToWholeVectors) {
  EXPECT_EQ(PaddedWords(1), 8);
  EXPECT_EQ(PaddedWords(8), 8);
  EXPECT_EQ(PaddedWords(20), 24);
}

TEST(Contract, ActivationTableFitsATileBesideASmallStack) { EXPECT_LE(kLutWords * 4 + 1024, kTileDataBytes); }

}  // namespace
}  // namespace recurd::hw
