#include "client/recurctl/percentiles.h"

#include <gtest/gtest.h>

namespace recurd {
namespace {

TEST(Latencies, AreZeroBeforeTheFirst) { EXPECT_EQ(Latencies().Percentile(0.5), 0); }

TEST(Latencies, GivePercentilesToACellAndAnExactMaximum) {
  Latencies latencies;
  for (int i = 1; i <= 1000; ++i) latencies.Record(i * 1000);
  EXPECT_NEAR(static_cast<double>(latencies.Percentile(0.5)), 500e3, 0.032 * 500e3);
  EXPECT_NEAR(static_cast<double>(latencies.Percentile(0.99)), 990e3, 0.032 * 990e3);
  EXPECT_EQ(latencies.max_ns(), 1000'000);
  EXPECT_EQ(latencies.Percentile(1), 1000'000);
  EXPECT_EQ(latencies.count(), 1000u);
}

TEST(Latencies, OneValueIsEveryPercentile) {
  Latencies latencies;
  latencies.Record(12345);
  EXPECT_EQ(latencies.Percentile(0.0), 12345);
  EXPECT_EQ(latencies.Percentile(0.5), 12345);
  EXPECT_EQ(latencies.Percentile(0.999), 12345);
}

}  // namespace
}  // namespace recurd
