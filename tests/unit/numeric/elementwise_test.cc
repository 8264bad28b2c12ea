#include "server/numeric/elementwise.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace recurd {
namespace {

using testing::ElementsAre;

TEST(ElementwiseTest, BroadcastsAnOperandOfOneValue) {
  const std::vector<float> a = {1, 2, 3}, b = {10};
  std::vector<float> out(3);
  Binary(BinaryKind::kSub, a.data(), 3, b.data(), 1, out.data(), 3);
  EXPECT_THAT(out, ElementsAre(-9, -8, -7));
  Binary(BinaryKind::kDiv, b.data(), 1, a.data(), 3, out.data(), 3);
  EXPECT_THAT(out, ElementsAre(10, 5, 10.0f / 3));
}

TEST(ElementwiseTest, ReplacesAnOperand) {
  std::vector<double> a = {1, 2, 3};
  Binary(BinaryKind::kMul, a.data(), 3, a.data(), 3, a.data(), 3);
  EXPECT_THAT(a, ElementsAre(1, 4, 9));
}

TEST(ElementwiseTest, ReducesEachRun) {
  const std::vector<float> in = {1, 5, 3, -1, -2, -6};
  std::vector<float> out(2);
  Reduce(ReduceKind::kSum, in.data(), 6, out.data(), 2);
  EXPECT_THAT(out, ElementsAre(9, -9));
  Reduce(ReduceKind::kMean, in.data(), 6, out.data(), 2);
  EXPECT_THAT(out, ElementsAre(3, -3));
  Reduce(ReduceKind::kMax, in.data(), 6, out.data(), 2);
  EXPECT_THAT(out, ElementsAre(5, -1));
}

TEST(ElementwiseTest, SumsEvenAndOddPlacesApart) {
  const std::vector<float> in = {1e8f, 1, -1e8f, 1};  // in one accumulator the first 1 would be lost
  float out = 0;
  Reduce(ReduceKind::kSum, in.data(), 4, &out, 1);
  EXPECT_EQ(out, 2);
}

TEST(ElementwiseTest, RepeatsEachValue) {
  const std::vector<float> in = {7, 8};
  std::vector<float> out(6);
  Repeat(in.data(), 2, out.data(), 6);
  EXPECT_THAT(out, ElementsAre(7, 7, 7, 8, 8, 8));
}

}  // namespace
}  // namespace recurd
