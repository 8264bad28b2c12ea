#include "client/recurctl/inspect/layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>

namespace recurd {
namespace {

using ::testing::HasSubstr;

GraphLayout Graph(int nodes, const std::vector<std::pair<int, int>>& edges) {
  GraphLayout layout;
  for (int i = 0; i < nodes; ++i) layout.nodes.push_back({.width = 60.0 + 10 * (i % 3), .height = 20});
  for (const auto& [from, to] : edges) layout.edges.push_back({from, to, {}});
  return layout;
}

GraphLayout Random(int nodes) {
  std::mt19937 random(1);
  std::vector<std::pair<int, int>> edges;
  for (int i = 1; i < nodes; ++i) {
    for (int j = 0; j < 2; ++j) edges.emplace_back(static_cast<int>(random() % i), i);
  }
  return Graph(nodes, edges);
}

TEST(LayoutTest, PutsEachNodeBelowAllThatItNeeds) {
  GraphLayout layout = Random(60);
  ASSERT_TRUE(PlaceGraph(&layout).ok());
  for (const LayoutEdge& edge : layout.edges) {
    const LayoutNode &from = layout.nodes[edge.from], &to = layout.nodes[edge.to];
    EXPECT_GT(to.y - to.height / 2, from.y + from.height / 2);
  }
}

TEST(LayoutTest, KeepsBoxesApartAndInsideThePicture) {
  GraphLayout layout = Random(60);
  ASSERT_TRUE(PlaceGraph(&layout).ok());
  for (const LayoutNode& a : layout.nodes) {
    EXPECT_GE(a.x - a.width / 2, -1e-6);
    EXPECT_LE(a.x + a.width / 2, layout.width + 1e-6);
    EXPECT_LE(a.y + a.height / 2, layout.height + 1e-6);
    for (const LayoutNode& b : layout.nodes) {
      if (&a == &b || a.rank != b.rank) continue;
      EXPECT_GE(std::abs(a.x - b.x) + 1e-6, (a.width + b.width) / 2);
    }
  }
}

TEST(LayoutTest, EndsEachEdgeAtTheSidesOfItsBoxes) {
  GraphLayout layout = Random(30);
  ASSERT_TRUE(PlaceGraph(&layout).ok());
  for (const LayoutEdge& edge : layout.edges) {
    const LayoutNode &from = layout.nodes[edge.from], &to = layout.nodes[edge.to];
    EXPECT_DOUBLE_EQ(edge.route.front().y, from.y + from.height / 2);
    EXPECT_DOUBLE_EQ(edge.route.back().y, to.y - to.height / 2);
    EXPECT_LE(std::abs(edge.route.front().x - from.x), from.width / 2);
    EXPECT_LE(std::abs(edge.route.back().x - to.x), to.width / 2);
    EXPECT_EQ(edge.route.size(), 2U * static_cast<size_t>(to.rank - from.rank));
  }
}

TEST(LayoutTest, DrawsAChainStraightDown) {
  GraphLayout layout = Graph(4, {{0, 1}, {1, 2}, {2, 3}});
  ASSERT_TRUE(PlaceGraph(&layout).ok());
  for (const LayoutNode& node : layout.nodes) EXPECT_NEAR(node.x, layout.nodes[0].x, 1e-6);
}

TEST(LayoutTest, UncrossesTwoChains) {
  GraphLayout layout = Graph(6, {{0, 3}, {1, 2}, {3, 5}, {2, 4}});
  ASSERT_TRUE(PlaceGraph(&layout).ok());
  EXPECT_EQ(layout.nodes[0].x < layout.nodes[1].x, layout.nodes[3].x < layout.nodes[2].x);
  EXPECT_EQ(layout.nodes[3].x < layout.nodes[2].x, layout.nodes[5].x < layout.nodes[4].x);
}

TEST(LayoutTest, HasAPictureOfNothing) {
  GraphLayout layout;
  EXPECT_TRUE(PlaceGraph(&layout).ok());
}

TEST(LayoutTest, RefusesEdgesThatCrossMoreRanksThanAPictureCanShow) {
  std::vector<std::pair<int, int>> edges;
  for (int i = 1; i < 400; ++i) {
    for (int j = 0; j < i; j += i / 2 + 1) edges.emplace_back(j, i);
    if (i > 1) edges.emplace_back(i - 1, i);
  }
  GraphLayout layout = Graph(400, edges);
  const absl::Status status = PlaceGraph(&layout);
  EXPECT_THAT(std::string(status.message()), HasSubstr("ranks; the limit is 20000"));
}

}  // namespace
}  // namespace recurd
