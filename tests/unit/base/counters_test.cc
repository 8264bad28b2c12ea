#include "server/base/counters.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace recurd {
namespace {

using H = LatencyHistogram;

uint64_t Total(const H& histogram) {
  uint64_t total = 0;
  for (int cell = 0; cell < H::kCellCount; ++cell) total += histogram.cell(cell);
  return total;
}

TEST(LatencyHistogram, EveryCellBeginsWhereTheOneBeforeItEnds) {
  for (int cell = 1; cell < H::kCellCount; ++cell) {
    ASSERT_EQ(H::CellOf(H::CellUpperNs(cell - 1)), cell - 1);
    ASSERT_EQ(H::CellOf(H::CellUpperNs(cell - 1) + 1), cell);
  }
}

TEST(LatencyHistogram, CountsExactlyBelow64Ns) {
  for (int ns = 0; ns < 64; ++ns) {
    EXPECT_EQ(H::CellOf(ns), ns);
    EXPECT_EQ(H::CellUpperNs(ns), static_cast<uint64_t>(ns));
  }
}

TEST(LatencyHistogram, NoCellIsWiderThanA32ndOfItsLowerEdge) {
  for (int cell = 64; cell < H::kCellCount; ++cell) {
    const uint64_t lower = H::CellUpperNs(cell - 1) + 1;
    ASSERT_LE((H::CellUpperNs(cell) + 1 - lower) * 32, lower) << "cell " << cell;
  }
}

TEST(LatencyHistogram, TheLastCellTakesEverythingFrom37MinutesOn) {
  const uint64_t limit = uint64_t{1} << H::kMaxBits;
  EXPECT_EQ(H::CellUpperNs(H::kCellCount - 1), limit - 1);
  EXPECT_EQ(H::CellOf(limit - 1), H::kCellCount - 1);
  EXPECT_EQ(H::CellOf(limit), H::kCellCount - 1);
  EXPECT_EQ(H::CellOf(std::numeric_limits<uint64_t>::max()), H::kCellCount - 1);
}

TEST(LatencyHistogram, ANegativeDurationCountsAsZero) {
  H histogram(1000);
  histogram.Record(-5);
  histogram.Record(std::numeric_limits<int64_t>::min());
  EXPECT_EQ(histogram.cell(0), 2u);
  EXPECT_EQ(histogram.sum_ns(), 0u);
  EXPECT_EQ(histogram.within_edge(), 2u);
}

TEST(LatencyHistogram, CountsItsExactEdgeToTheNanosecond) {
  H histogram(100'000);
  histogram.Record(99'999);
  histogram.Record(100'000, 3);
  histogram.Record(100'001, 7);
  EXPECT_EQ(histogram.within_edge(), 4u);
}

TEST(LatencyHistogram, AWeightedObservationCountsAsManyEqualOnes) {
  H once, often;
  once.Record(1234, 5);
  for (int i = 0; i < 5; ++i) often.Record(1234);
  EXPECT_EQ(once.cell(H::CellOf(1234)), often.cell(H::CellOf(1234)));
  EXPECT_EQ(once.sum_ns(), often.sum_ns());
  EXPECT_EQ(Total(once), 5u);
}

TEST(Gauge, GoesUpAndDown) {
  Gauge gauge;
  gauge.Add(3);
  gauge.Add(-5);
  EXPECT_EQ(gauge.value(), -2);
}

}  // namespace
}  // namespace recurd
