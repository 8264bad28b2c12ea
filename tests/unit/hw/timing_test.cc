#include "hw/config/timing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace recurd::hw {
namespace {

using testing::HasSubstr;

TEST(Timing, EveryConstantNamesItsSourceOnce) {
  std::set<std::string> names;
  for (const TimingConstant& constant : TimingConstants()) {
    EXPECT_TRUE(names.insert(constant.name).second) << constant.name;
    EXPECT_STRNE(constant.source, "") << constant.name;
    EXPECT_STRNE(constant.meaning, "") << constant.name;
  }
}

TEST(Timing, TextOverridesConstants) {
  Timing timing;
  EXPECT_EQ(OverrideTiming("# a board\n cdc_to_pl = 20 # measured\r\n\nswitch_hop=5", &timing), "");
  EXPECT_EQ(timing.cdc_to_pl, 20);
  EXPECT_EQ(timing.switch_hop, 5);
  EXPECT_EQ(timing.cdc_to_aie, Timing().cdc_to_aie);
}

TEST(Timing, AWrongLineIsNamedAndChangesNothing) {
  Timing timing;
  EXPECT_THAT(OverrideTiming("cdc_to_pl = 20\nwarp = 9", &timing), HasSubstr("line 2: no constant is called 'warp'"));
  EXPECT_THAT(OverrideTiming("cdc_to_pl = 20\nswitch_hop", &timing), HasSubstr("line 2: 'switch_hop'"));
  EXPECT_EQ(timing.cdc_to_pl, Timing().cdc_to_pl);
}

TEST(Timing, ValuesOutOfRangeAreRefusedWithTheLimits) {
  Timing timing;
  for (const char* text : {"pl_clock = 0", "switch_fifo = 0", "switch_hop = -1", "switch_hop = 1000001",
                           "switch_hop = 99999999999999999999", "switch_hop = 4x", "switch_hop ="}) {
    EXPECT_THAT(OverrideTiming(text, &timing), HasSubstr("to 1000000")) << text;
  }
  EXPECT_EQ(OverrideTiming("switch_hop = 0", &timing), "");
}

}  // namespace
}  // namespace recurd::hw
