#include "server/model/format/axes.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace recurd::format {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr Dim kSteps{0, 1};
const Axes kTimeFirst{{1, 1, 6}, 0};  // [T,1,6]

Dim D(int64_t n) { return {n, 0}; }

std::vector<int64_t> Positions(const View& view) {
  std::vector<int64_t> positions;
  VisitPositions(view, [&](int64_t position) { positions.push_back(position); });
  return positions;
}

TEST(AxesTest, CountStopsAtTheLargestNumberInsteadOfOverflowing) {
  EXPECT_EQ((Axes{{int64_t{1} << 40, int64_t{1} << 40}}.count()), INT64_MAX);
  EXPECT_EQ((Axes{{int64_t{1} << 40, int64_t{1} << 40, 0}}.count()), 0);
}

TEST(AxesTest, StridesOfEmptyTensorsDoNotOverflow) {
  EXPECT_THAT(RowMajorStrides({int64_t{1} << 40, int64_t{1} << 40, 0}), ElementsAre(1, 1, 1));
}

TEST(AxesTest, TransposeMovesTheTimeAxisAlong) {
  const auto view = Transposed(Axes{{1, 2, 3}, 0}, {2, 0, 1});
  ASSERT_TRUE(view.ok());
  EXPECT_EQ(view->axes, (Axes{{3, 1, 2}, 1}));
  EXPECT_THAT(Positions(*view), ElementsAre(0, 3, 1, 4, 2, 5));
}

TEST(AxesTest, TransposeRefusesWhatIsNoOrder) { EXPECT_FALSE(Transposed(kTimeFirst, {0, 1, 1}).ok()); }

TEST(AxesTest, ReshapeKeepsTimeWhereItsSizeIsInferred) {
  EXPECT_EQ(*Reshaped(kTimeFirst, {D(-1), D(6)}, false, {}), (Axes{{1, 6}, 0}));
  EXPECT_EQ(*Reshaped(kTimeFirst, {D(-1), D(2), D(3)}, false, {}), (Axes{{1, 2, 3}, 0}));
}

TEST(AxesTest, ReshapeKnowsTimeByItsSymbolByACopyAndByItsFixedLength) {
  EXPECT_EQ(*Reshaped(kTimeFirst, {D(1), kSteps, D(-1)}, false, {}), (Axes{{1, 1, 6}, 1}));
  EXPECT_EQ(*Reshaped(kTimeFirst, {D(0), D(-1)}, false, {}), (Axes{{1, 6}, 0}));
  EXPECT_EQ(*Reshaped(kTimeFirst, {D(1), D(8), D(6)}, false, 8), (Axes{{1, 1, 6}, 1}));
}

TEST(AxesTest, ReshapeTellsTimeFromAFeatureAxisOfTheSameLength) {
  EXPECT_EQ(*Reshaped(Axes{{1, 1, 8}, 1}, {D(8), D(8)}, false, 8), (Axes{{1, 8}, 0}));
  EXPECT_EQ(*Reshaped(Axes{{8, 1}, 1}, {D(1), D(8), D(8)}, false, 8), (Axes{{1, 8, 1}, 2}));
}

TEST(AxesTest, ReshapeLeavesASingleStepWhereItWas) {
  EXPECT_EQ(*Reshaped(Axes{{1, 1, 6}, 1}, {D(1), D(1), D(6)}, false, 1), (Axes{{1, 1, 6}, 1}));
}

TEST(AxesTest, ReshapeRefusesToMakeTime) {
  EXPECT_FALSE(Reshaped(Axes{{6}}, {kSteps, D(6)}, false, {}).ok());
  EXPECT_FALSE(Reshaped(kTimeFirst, {kSteps, kSteps, D(6)}, false, {}).ok());
}

TEST(AxesTest, ReshapeRefusesToMergeTimeWithFeatures) {
  EXPECT_FALSE(Reshaped(kTimeFirst, {D(-1)}, false, {}).ok());
  EXPECT_FALSE(Reshaped(kTimeFirst, {Dim{0, 6}}, false, {}).ok());
  EXPECT_THAT(Reshaped(Axes{{2, 1, 3}, 1}, {kSteps, D(2), D(3)}, false, {}).status().message(),
              HasSubstr("[2,T,3] can't take shape [T,2,3]"));
}

TEST(AxesTest, ReshapeRefusesWrongCountsAndTwoHoles) {
  EXPECT_FALSE(Reshaped(Axes{{6}}, {D(4)}, false, {}).ok());
  EXPECT_FALSE(Reshaped(Axes{{6}}, {D(-1), D(4)}, false, {}).ok());
  EXPECT_FALSE(Reshaped(Axes{{6}}, {D(-1), D(-1)}, false, {}).ok());
  EXPECT_FALSE(Reshaped(Axes{{6}}, {D(-2), D(-3)}, false, {}).ok());
  EXPECT_FALSE(Reshaped(Axes{{6}}, {D(0), D(0)}, true, {}).ok());
}

TEST(AxesTest, SqueezeTakesTimeOutOnlyIfItIsOneStep) {
  EXPECT_FALSE(Squeezed(kTimeFirst, {0}, {}).ok());
  EXPECT_EQ(*Squeezed(kTimeFirst, {0}, 1), (Axes{{1, 6}, -1}));
  EXPECT_EQ(*Squeezed(kTimeFirst, {}, {}), (Axes{{1, 6}, 0}));
}

TEST(AxesTest, UnsqueezeMovesTime) { EXPECT_EQ(*Unsqueezed(kTimeFirst, {0, -1}), (Axes{{1, 1, 1, 6, 1}, 1})); }

TEST(AxesTest, UnsqueezeIsBounded) {
  EXPECT_FALSE(Unsqueezed(kTimeFirst, std::vector<int64_t>(kMaxRank, 0)).ok());
  EXPECT_FALSE(Unsqueezed(kTimeFirst, {0, 0}).ok());
}

TEST(AxesTest, BroadcastMeetsFromTheRight) {
  EXPECT_EQ(*BroadcastAxes(kTimeFirst, Axes{{6}}), kTimeFirst);
  EXPECT_EQ(*BroadcastAxes(Axes{{4, 1}}, kTimeFirst), (Axes{{1, 4, 6}, 0}));
  EXPECT_THAT(Positions(Broadcast(Axes{{2, 1}}, Axes{{2, 3}})), ElementsAre(0, 0, 0, 1, 1, 1));
}

TEST(AxesTest, BroadcastRefusesOtherSizesAtTheTimeAxis) {
  EXPECT_FALSE(BroadcastAxes(kTimeFirst, Axes{{5, 1, 6}}).ok());
  EXPECT_FALSE(BroadcastAxes(kTimeFirst, Axes{{1, 1, 6}, 1}).ok());
  EXPECT_FALSE(BroadcastAxes(kTimeFirst, Axes{{4}}).ok());
}

TEST(AxesTest, TheLastStepHasManyNames) {
  EXPECT_EQ(ClassifyTimeIndex(D(-1), {}), TimeIndex::kLast);
  EXPECT_EQ(ClassifyTimeIndex({-1, 1}, {}), TimeIndex::kLast);
  EXPECT_EQ(ClassifyTimeIndex(D(7), 8), TimeIndex::kLast);
  EXPECT_EQ(ClassifyTimeIndex(D(7), {}), TimeIndex::kOther);
  EXPECT_EQ(ClassifyTimeIndex(D(0), {}), TimeIndex::kFirst);
}

}  // namespace
}  // namespace recurd::format
