#include "server/exporter/buckets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <random>
#include <thread>
#include <vector>

namespace recurd {
namespace {

using ::testing::ElementsAre;

constexpr int64_t kFirstNs = 100;
constexpr int64_t kLastNs = 10'000'000'000;

std::vector<int64_t> EdgesOf(const BucketCounts& counts) {
  std::vector<int64_t> edges;
  for (const Bucket& bucket : counts.buckets) edges.push_back(bucket.edge_ns);
  return edges;
}

uint64_t CountAt(const BucketCounts& counts, int64_t edge_ns) {
  for (const Bucket& bucket : counts.buckets) {
    if (bucket.edge_ns == edge_ns) return bucket.count;
  }
  ADD_FAILURE() << "no bucket at " << edge_ns;
  return 0;
}

void ExpectSound(const BucketCounts& counts) {
  for (size_t i = 1; i < counts.buckets.size(); ++i) {
    ASSERT_LT(counts.buckets[i - 1].edge_ns, counts.buckets[i].edge_ns);
    ASSERT_LE(counts.buckets[i - 1].count, counts.buckets[i].count) << "at " << counts.buckets[i].edge_ns;
  }
  ASSERT_LE(counts.buckets.back().count, counts.count);
}

TEST(BucketLayout, HasTenEdgesADecadeAndBothEnds) {
  const BucketCounts counts = BucketLayout(100, 1000).Read(LatencyHistogram());
  EXPECT_THAT(EdgesOf(counts), ElementsAre(100, 125, 160, 200, 250, 315, 400, 500, 630, 800, 1000));
  EXPECT_EQ(EdgesOf(BucketLayout(kFirstNs, kLastNs).Read(LatencyHistogram())).size(), 81u);
}

TEST(BucketLayout, PutsTheExactEdgeInItsPlaceOrInPlaceOfAnEqualOne) {
  const BucketLayout layout(100, 1000);
  EXPECT_THAT(EdgesOf(layout.Read(LatencyHistogram(333))),
              ElementsAre(100, 125, 160, 200, 250, 315, 333, 400, 500, 630, 800, 1000));
  EXPECT_EQ(EdgesOf(layout.Read(LatencyHistogram(500))).size(), 11u);
  EXPECT_EQ(EdgesOf(layout.Read(LatencyHistogram(7))).front(), 7);
  EXPECT_EQ(EdgesOf(layout.Read(LatencyHistogram(50'000))).back(), 50'000);
}

TEST(BucketLayout, CountsAndSumsAllObservationsAlsoThoseBeyondTheLastEdge) {
  LatencyHistogram histogram;
  histogram.Record(1);
  histogram.Record(5000, 4);
  histogram.Record(kLastNs * 10);
  const BucketCounts counts = BucketLayout(kFirstNs, kLastNs).Read(histogram);
  EXPECT_EQ(counts.count, 6u);
  EXPECT_EQ(counts.sum_ns, 1u + 4 * 5000 + kLastNs * 10);
  EXPECT_EQ(counts.buckets.front().count, 1u);
  EXPECT_EQ(counts.buckets.back().count, 5u);
}

TEST(BucketLayout, AnEdgeCountsWhatLiesA64thBelowItAndNotWhatLiesA64thAboveIt) {
  const BucketLayout layout(kFirstNs, kLastNs);
  for (int64_t edge_ns : EdgesOf(layout.Read(LatencyHistogram()))) {
    LatencyHistogram histogram;
    histogram.Record(edge_ns - edge_ns / 64 - 1);
    histogram.Record(edge_ns + edge_ns / 64 + 1);
    EXPECT_EQ(CountAt(layout.Read(histogram), edge_ns), 1u) << edge_ns;
  }
}

TEST(BucketLayout, TheExactEdgeIsExactAndTheGridBendsToIt) {
  const BucketLayout layout(kFirstNs, kLastNs);
  for (int64_t edge_ns : EdgesOf(layout.Read(LatencyHistogram()))) {
    for (int64_t exact_ns : {edge_ns - 1, edge_ns, edge_ns + 1}) {
      LatencyHistogram histogram(exact_ns);
      histogram.Record(exact_ns, 2);
      histogram.Record(exact_ns + 1, 3);
      const BucketCounts counts = layout.Read(histogram);
      EXPECT_EQ(CountAt(counts, exact_ns), 2u);
      ExpectSound(counts);
    }
  }
}

TEST(BucketLayout, RandomDurationsGiveSoundBucketsNearTheTruth) {
  std::mt19937 random(1);
  std::lognormal_distribution<double> durations(10, 2);
  LatencyHistogram histogram(50'000);
  std::vector<int64_t> truth;
  for (int i = 0; i < 20'000; ++i) histogram.Record(truth.emplace_back(static_cast<int64_t>(durations(random))));
  const BucketCounts counts = BucketLayout(kFirstNs, kLastNs).Read(histogram);
  ExpectSound(counts);
  for (const Bucket& bucket : counts.buckets) {
    const int64_t slack_ns = bucket.edge_ns == 50'000 ? 0 : bucket.edge_ns / 64 + 1;
    uint64_t least = 0, most = 0;
    for (int64_t ns : truth) {
      least += ns <= bucket.edge_ns - slack_ns;
      most += ns <= bucket.edge_ns + slack_ns;
    }
    EXPECT_GE(bucket.count, least) << bucket.edge_ns;
    EXPECT_LE(bucket.count, most) << bucket.edge_ns;
  }
}

TEST(BucketLayout, WhatIsReadWhileAnotherThreadWritesIsSoundAndNeverGoesBack) {
  LatencyHistogram histogram(1'000);
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (uint64_t i = 0; !stop; ++i) histogram.Record(990 + i % 20);
  });
  const BucketLayout layout(100, 10'000);
  BucketCounts last = layout.Read(histogram);
  while (last.count < 100'000) {
    const BucketCounts now = layout.Read(histogram);
    ExpectSound(now);
    for (size_t b = 0; b < now.buckets.size(); ++b) ASSERT_GE(now.buckets[b].count, last.buckets[b].count);
    last = now;
  }
  stop = true;
  writer.join();
}

}  // namespace
}  // namespace recurd
