#include "server/engine/run_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace recurd {
namespace {

RunQueue::Node Work(int64_t deadline_ns, int64_t remaining_ns) {
  return {.deadline_ns = deadline_ns, .remaining_ns = remaining_ns};
}

TEST(RunQueueTest, TakesTheEarliestDeadlineThenTheLeastRemainingThenTheFirstCome) {
  RunQueue queue(1'000'000, 8);
  auto late = Work(200, 1), early_long = Work(100, 9), early_short = Work(100, 5), early_short_later = Work(100, 5);
  for (auto* node : {&late, &early_long, &early_short, &early_short_later}) queue.Push(node, 0);
  EXPECT_EQ(queue.Pop(0), &early_short);
  EXPECT_EQ(queue.Pop(0), &early_short_later);
  EXPECT_EQ(queue.Pop(0), &early_long);
  EXPECT_EQ(queue.Pop(0), &late);
  EXPECT_TRUE(queue.empty());
}

TEST(RunQueueTest, GivesTheLongestWaitingATurnButNeverTwoInARow) {
  RunQueue queue(100, 8);
  auto starving = Work(1000, 90), other = Work(1000, 80), quick_a = Work(0, 1), quick_b = Work(0, 1);
  queue.Push(&starving, 0);
  queue.Push(&other, 1);
  queue.Push(&quick_a, 50);
  queue.Push(&quick_b, 50);
  EXPECT_EQ(queue.Pop(99), &quick_a);
  EXPECT_EQ(queue.Pop(200), &starving);
  EXPECT_EQ(queue.Pop(200), &quick_b);
  EXPECT_EQ(queue.Pop(200), &other);
}

TEST(RunQueueTest, KeepsItsOrderWhateverIsRemoved) {
  std::mt19937 random(1);
  std::vector<RunQueue::Node> nodes(500);
  RunQueue queue(INT64_MAX / 2, 500);
  for (auto& node : nodes) {
    node = Work(static_cast<int64_t>(random() % 50), static_cast<int64_t>(random() % 50));
    queue.Push(&node, 0);
  }
  for (size_t i = 0; i < nodes.size(); i += 3) queue.Remove(&nodes[i]);
  std::pair<int64_t, int64_t> last{-1, -1};
  for (int left = queue.size(); left > 0; --left) {
    const RunQueue::Node* node = queue.Pop(0);
    const std::pair<int64_t, int64_t> key{node->deadline_ns, node->remaining_ns};
    EXPECT_LE(last, key);
    EXPECT_FALSE(node->queued());
    last = key;
  }
}

}  // namespace
}  // namespace recurd
