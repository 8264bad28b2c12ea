#include "recurd/servers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace recurd {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kMs = 1'000'000;
constexpr Backoff kBackoff = {.base_ns = 50 * kMs, .max_ns = 5000 * kMs};

absl::Status Error(const std::string& text) { return absl::UnavailableError(text); }

TEST(Backoff, IsUniformBelowADoublingBound) {
  std::mt19937_64 random(1);
  for (const auto& [attempt, bound_ms] : {std::pair{0, 50}, {1, 100}, {3, 400}, {6, 3200}, {7, 5000}, {100, 5000}}) {
    int64_t most = 0, least = INT64_MAX, sum = 0;
    for (int i = 0; i < 2000; ++i) {
      const int64_t delay_ns = kBackoff.DelayNs(attempt, random);
      most = std::max(most, delay_ns);
      least = std::min(least, delay_ns);
      sum += delay_ns / 2000;
    }
    EXPECT_LE(most, bound_ms * kMs) << attempt;
    EXPECT_GE(most, bound_ms * kMs * 95 / 100) << attempt;
    EXPECT_GE(least, 0);
    EXPECT_LE(least, bound_ms * kMs * 5 / 100) << attempt;
    EXPECT_NEAR(static_cast<double>(sum), 0.5 * bound_ms * kMs, 0.05 * bound_ms * kMs) << attempt;
  }
}

TEST(ServerList, TakesTurnsAndWaitsOnlyAfterAFailure) {
  ServerList list({"a", "b", "a", "c"}, kBackoff, 1);
  EXPECT_EQ(list.Plan(10)->at_ns, 10);
  std::vector<std::string> tried;
  for (int i = 0; i < 6; ++i) {
    const auto attempt = list.Plan(0);
    ASSERT_TRUE(attempt.ok());
    tried.push_back(attempt->server);
    list.Failed(Error("no"), 0, false, 0);
  }
  EXPECT_THAT(tried, ::testing::ElementsAre("a", "b", "c", "a", "b", "c"));
}

TEST(ServerList, TwoClientsDoNotWaitAlike) {
  ServerList one({"a"}, kBackoff, 1), two({"a"}, kBackoff, 2);
  for (ServerList* list : {&one, &two}) list->Failed(Error("no"), 0, false, 0);
  EXPECT_NE(one.Plan(0)->at_ns, two.Plan(0)->at_ns);
}

TEST(ServerList, AServerThatAsksForTimeIsLeftInPeaceWhileAnotherIsFree) {
  ServerList list({"a", "b"}, kBackoff, 1);
  list.Failed(Error("repairing"), 0, false, 1000 * kMs);
  EXPECT_EQ(list.Plan(0)->server, "b");
  list.Failed(Error("no"), 0, false, 0);
  EXPECT_EQ(list.Plan(0)->server, "b");
  list.Failed(Error("no"), 0, true, 0);
  const auto only = list.Plan(0);
  EXPECT_EQ(only->server, "a");
  EXPECT_GE(only->at_ns, 1000 * kMs);
}

TEST(ServerList, GivesUpAtTheLimitOnceEachWasTried) {
  ServerList list({"a", "b"}, kBackoff, 1);
  list.Begin(0, 10 * kMs);
  list.Failed(Error("a says no"), 20 * kMs, false, 0);
  ASSERT_TRUE(list.Plan(20 * kMs).ok());
  list.Failed(Error("b says no"), 20 * kMs, false, 0);
  const absl::Status status = list.Plan(20 * kMs).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("a says no; b says no; no server of the list took the session"));
}

TEST(ServerList, TheLastAttemptComesAtTheLimitAndNotLongBefore) {
  ServerList list({"a"}, kBackoff, 1);
  list.Begin(0, 10 * kMs);
  for (int i = 0; i < 30; ++i) list.Failed(Error("no"), 0, false, 0);  // waits of seconds by now
  const auto last = list.Plan(5 * kMs);
  ASSERT_TRUE(last.ok());
  EXPECT_EQ(last->at_ns, 10 * kMs);
  list.Failed(Error("no"), 10 * kMs, false, 0);
  EXPECT_FALSE(list.Plan(10 * kMs).ok());
}

TEST(ServerList, ServersThatAreUnfitAreLeftOutUntilItSettles) {
  ServerList list({"a", "b"}, kBackoff, 1);
  list.Failed(absl::NotFoundError("a lacks it"), 0, true, 0);
  EXPECT_EQ(list.Plan(0)->server, "b");
  list.Failed(absl::NotFoundError("b lacks it"), 0, true, 0);
  EXPECT_EQ(list.Plan(0).status().code(), absl::StatusCode::kNotFound);
  list.Settle();
  EXPECT_EQ(list.Plan(7)->at_ns, 7);
}

}  // namespace
}  // namespace recurd
