#include "server/numeric/narrow.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "server/numeric/profile.h"

namespace recurd {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

TEST(Bf16Test, RoundsToTheNearestAndTiesToEven) {
  EXPECT_EQ(RoundToBf16(0x1.000p0f), 0x1.00p0f);
  EXPECT_EQ(RoundToBf16(0x1.00fp0f), 0x1.00p0f);
  EXPECT_EQ(RoundToBf16(0x1.010p0f), 0x1.00p0f);
  EXPECT_EQ(RoundToBf16(0x1.0101p0f), 0x1.02p0f);
  EXPECT_EQ(RoundToBf16(0x1.030p0f), 0x1.04p0f);
  EXPECT_EQ(RoundToBf16(-0x1.030p0f), -0x1.04p0f);
  EXPECT_TRUE(std::signbit(RoundToBf16(-0.0f)));
}

TEST(Bf16Test, NeverBecomesInfinite) {
  constexpr float kMax = std::numeric_limits<float>::max();
  EXPECT_EQ(RoundToBf16(kMax), 0x1.fep127f);
  EXPECT_EQ(RoundToBf16(-kMax), -0x1.fep127f);
}

TEST(QuantizeTest, ScalesByTheLargestMagnitude) {
  const float values[] = {12.7f, -6.35f, 0, -12.7f, 0.149f};
  const ScaledBytes quantized = Quantize(values, 5);
  EXPECT_FLOAT_EQ(quantized.scale, 0.1f);
  EXPECT_THAT(quantized.bytes, ElementsAre(127, -64, 0, -127, 1));  // -63.5 is a tie
}

TEST(QuantizeTest, TakesNothingForZero) {
  const float values[] = {0x1p-101f, -0x1p-120f};
  const ScaledBytes quantized = Quantize(values, 2);
  EXPECT_EQ(quantized.scale, 0);
  EXPECT_THAT(quantized.bytes, Each(0));
}

TEST(QuantizeTest, HandsOnThatAValueIsntFinite) {
  for (const float value : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    const float values[] = {1, value, 2};
    EXPECT_TRUE(std::isnan(Quantize(values, 3).scale));
  }
}

TEST(ProfileTest, EachStorageHasItsOwn) {
  EXPECT_EQ(ProfileOf(ActivationForm::kExact, WeightStorage::kBf16), "bf16/col2/act1/ftz");
  EXPECT_EQ(ProfileOf(ActivationForm::kCordic, WeightStorage::kInt8), "i8/col2/cordic20/ftz");
}

}  // namespace
}  // namespace recurd
