// The aggregator tile alone: order, and the time to sort a vector, counted from the running emulator.
#include <gtest/gtest.h>

#include "tests/unit/hw/count_sort_rows.h"

namespace recurd::emu {
namespace {

// Between 20 and 24 units the paper's time grows as between 28 and 32, and hardly more where the padded vector grows by
// eight words: it does not hold the vector's way out.
TEST(SortRows, TimeToSortAVectorIsWithinANanosecondOfThePapersTable1) {
  const SortedRows h20 = CountSortRows<20>(), h24 = CountSortRows<24>();
  const SortedRows h28 = CountSortRows<28>(), h32 = CountSortRows<32>();
  EXPECT_TRUE(h20.regular && h24.regular && h28.regular && h32.regular);
  EXPECT_NEAR(static_cast<double>(h20.cycles) * hw::kNsPerCycle, 229.6, 1.0);
  EXPECT_NEAR(static_cast<double>(h24.cycles) * hw::kNsPerCycle, 273.6, 1.0);
  EXPECT_NEAR(static_cast<double>(h28.cycles) * hw::kNsPerCycle, 319.2, 1.0);
  EXPECT_NEAR(static_cast<double>(h32.cycles) * hw::kNsPerCycle, 363.2, 1.0);
}

TEST(SortRows, PacketsInAnyOrderBecomeAPaddedVector) {
  std::vector<uint32_t> expected(24);
  for (uint32_t row = 0; row < 20; ++row) expected[row] = 1000 + row;
  EXPECT_EQ(CountSortRows<20>().words, expected);
}

}  // namespace
}  // namespace recurd::emu
