#include "server/model/format/fold.h"

#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace recurd::format {
namespace {

using testing::ElementsAre;
using testing::FloatEq;
using testing::HasSubstr;

Elements Dims(const std::vector<Dim>& dims) {
  Elements elements = Elements::Integers();
  for (const Dim& dim : dims) elements.Append(dim);
  return elements;
}
Elements Floats(std::vector<float> values) { return Elements::Floats(std::move(values)); }
std::vector<float> NumbersOf(const absl::StatusOr<Elements>& floats) { return floats->Numbers(0, floats->size()); }

constexpr Dim kSteps{0, 1};
constexpr int64_t kLargest = std::numeric_limits<int64_t>::max();

TEST(FoldTest, AddsAndScalesNumbersThatDependOnTheSteps) {
  EXPECT_EQ(FoldBinary(BinaryKind::kAdd, Dims({kSteps}), Dims({{3, 0}}))->dim(0), (Dim{3, 1}));
  EXPECT_EQ(FoldBinary(BinaryKind::kMul, Dims({{2, 0}}), Dims({{3, 4}}))->dim(0), (Dim{6, 8}));
  EXPECT_EQ(FoldBinary(BinaryKind::kDiv, Dims({{6, 8}}), Dims({{2, 0}}))->dim(0), (Dim{3, 4}));
  EXPECT_EQ(FoldBinary(BinaryKind::kDiv, Dims({kSteps}), Dims({kSteps}))->dim(0), (Dim{1, 0}));
}

TEST(FoldTest, RefusesWhatHoldsForSomeNumbersOfStepsOnly) {
  EXPECT_THAT(FoldBinary(BinaryKind::kMul, Dims({kSteps}), Dims({kSteps})).status().message(),
              HasSubstr("depends on the number of steps"));
  EXPECT_FALSE(FoldBinary(BinaryKind::kDiv, Dims({kSteps}), Dims({{2, 0}})).ok());
  EXPECT_FALSE(FoldCompare("Equal", Dims({kSteps}), Dims({{5, 0}})).ok());
  EXPECT_FALSE(FoldBinary(BinaryKind::kMax, Dims({kSteps}), Dims({{5, 0}})).ok());
}

TEST(FoldTest, DecidesWhatHoldsForEveryNumberOfSteps) {
  EXPECT_EQ(FoldCompare("Equal", Dims({kSteps}), Dims({{-1, 0}}))->dim(0), (Dim{0, 0}));
  EXPECT_EQ(FoldCompare("GreaterOrEqual", Dims({kSteps}), Dims({{1, 0}}))->dim(0), (Dim{1, 0}));
  EXPECT_EQ(FoldCompare("Less", Dims({kSteps}), Dims({{1, 0}}))->dim(0), (Dim{0, 0}));
  EXPECT_FALSE(FoldCompare("Equal", Dims({kSteps}), Dims({{1, 0}})).ok());
  EXPECT_EQ(FoldBinary(BinaryKind::kMax, Dims({kSteps}), Dims({{1, 0}}))->dim(0), kSteps);
  EXPECT_EQ(FoldBinary(BinaryKind::kMin, Dims({kSteps}), Dims({{1, 0}}))->dim(0), (Dim{1, 0}));
}

TEST(FoldTest, RefusesOverflowAndDivisionByZero) {
  EXPECT_FALSE(FoldBinary(BinaryKind::kAdd, Dims({{kLargest, 0}}), Dims({{1, 0}})).ok());
  EXPECT_FALSE(FoldBinary(BinaryKind::kMul, Dims({{kLargest, 0}}), Dims({{2, 0}})).ok());
  EXPECT_FALSE(FoldBinary(BinaryKind::kDiv, Dims({{-kLargest - 1, 0}}), Dims({{-1, 0}})).ok());
  EXPECT_FALSE(FoldBinary(BinaryKind::kDiv, Dims({{1, 0}}), Dims({{0, 0}})).ok());
  EXPECT_FALSE(ToIntegers(Floats({1e30F})).ok());
}

TEST(FoldTest, RefusesFloatsMixedWithIntegers) {
  EXPECT_FALSE(FoldBinary(BinaryKind::kAdd, Floats({1}), Dims({{1, 0}})).ok());
}

TEST(FoldTest, ComputesFloats) {
  EXPECT_THAT(NumbersOf(FoldBinary(BinaryKind::kPow, Floats({3}), Floats({2}))), ElementsAre(9));
  EXPECT_THAT(NumbersOf(FoldUnary({UnaryKind::kElu, 2}, Floats({-1, 4}))), ElementsAre(FloatEq(-1.2642411F), 4));
  EXPECT_THAT(NumbersOf(FoldReduce(FoldReduceKind::kMean, Floats({1, 2, 3, 6}), 2)), ElementsAre(1.5F, 4.5F));
  EXPECT_THAT(NumbersOf(FoldWhere(Dims({{1, 0}, {0, 0}}), Floats({1, 2}), Floats({3, 4}))), ElementsAre(1, 4));
}

TEST(FoldTest, WhateverIsNotZeroIsTrue) {
  const Elements floats = ToBooleans(Floats({0, -0.5F, 1e30F})), dims = ToBooleans(Dims({{0, 0}, kSteps}));
  EXPECT_EQ(floats.dim(0), (Dim{0, 0}));
  EXPECT_EQ(floats.dim(1), (Dim{1, 0}));
  EXPECT_EQ(floats.dim(2), (Dim{1, 0}));
  EXPECT_EQ(dims.dim(0), (Dim{0, 0}));
  EXPECT_EQ(dims.dim(1), (Dim{1, 0}));
}

TEST(FoldTest, MultipliesShapesTogether) {
  EXPECT_EQ(FoldReduce(FoldReduceKind::kProd, Dims({kSteps, {1, 0}, {4, 0}}), 3)->dim(0), (Dim{0, 4}));
}

}  // namespace
}  // namespace recurd::format
