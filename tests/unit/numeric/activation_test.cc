#include "server/numeric/activation.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "gtest/gtest.h"
#include "server/numeric/denormals.h"

namespace recurd {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// The largest error in units of the exact result's last place, over a stride of all normal floats within [low, high]
// that have a normal result.
template <class F, class G>
double MaxUlp(F f, G exact, float low, float high) {
  constexpr uint64_t kStride = 8191;
  double worst = 0;
  for (uint64_t bits = 0; bits < uint64_t{1} << 32; bits += kStride) {
    const float x = std::bit_cast<float>(static_cast<uint32_t>(bits));
    if (!(x >= low && x <= high) || (bits & 0x7F800000) == 0) continue;
    const long double want = exact(static_cast<long double>(x));
    if (std::fabs(want) < std::numeric_limits<float>::min() || std::fabs(want) > std::numeric_limits<float>::max())
      continue;
    int exponent;
    std::frexp(want, &exponent);
    const long double error = std::fabs(f(x) - want) / std::ldexp(1.0L, exponent - 24);
    worst = std::max(worst, static_cast<double>(error));
  }
  return worst;
}

class ActivationTest : public testing::Test {
 private:
  const ScopedFlushToZero flush_;
};

TEST_F(ActivationTest, ExpIsWithin1Point1Ulp) {
  EXPECT_LE(MaxUlp([](float x) { return Exp(x); }, [](long double x) { return std::exp(x); }, -kInfinity, kInfinity),
            1.1);
}

TEST_F(ActivationTest, Expm1IsWithin1Point6UlpUpTo88) {
  EXPECT_LE(MaxUlp([](float x) { return Expm1(x); }, [](long double x) { return std::expm1(x); }, -kInfinity, 88), 1.6);
}

TEST_F(ActivationTest, SigmoidIsWithin2Point3Ulp) {
  const auto exact = [](long double x) { return 1 / (1 + std::exp(-x)); };
  EXPECT_LE(MaxUlp([](float x) { return Sigmoid(x); }, exact, -kInfinity, kInfinity), 2.3);
}

TEST_F(ActivationTest, TanhIsWithin2Point5Ulp) {
  EXPECT_LE(MaxUlp([](float x) { return Tanh(x); }, [](long double x) { return std::tanh(x); }, -kInfinity, kInfinity),
            2.5);
}

TEST_F(ActivationTest, TheRareFunctionsAreWithinHalfAnUlpAndAHundredth) {
  const auto softplus = [](long double x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); };
  EXPECT_LE(MaxUlp([](float x) { return Log(x); }, [](long double x) { return std::log(x); }, 0, kInfinity), 0.51);
  EXPECT_LE(MaxUlp([](float x) { return Softplus(x); }, softplus, -kInfinity, kInfinity), 0.51);
  EXPECT_LE(MaxUlp([](float x) { return Erf(x); }, [](long double x) { return std::erf(x); }, -kInfinity, kInfinity),
            0.51);
  for (float y : {0.5f, 2.0f, -1.7f, 33.3f}) {
    const auto exact = [y](long double x) { return std::pow(x, static_cast<long double>(y)); };
    EXPECT_LE(MaxUlp([y](float x) { return Pow(x, y); }, exact, 0, kInfinity), 0.51) << "exponent " << y;
  }
}

TEST_F(ActivationTest, SaturatesAtTheEnds) {
  for (float x : {100.0f, 1e30f, kInfinity}) {
    EXPECT_EQ(Exp(x), kInfinity);
    EXPECT_EQ(Exp(-x), 0);
    EXPECT_EQ(Expm1(-x), -1);
    EXPECT_EQ(Sigmoid(x), 1);
    EXPECT_EQ(Sigmoid(-x), 0);
    EXPECT_EQ(Tanh(x), 1);
    EXPECT_EQ(Tanh(-x), -1);
    EXPECT_EQ(Erf(-x), -1);
    EXPECT_EQ(Softplus(-x), 0);
    EXPECT_EQ(Softplus(x), x);
  }
}

TEST_F(ActivationTest, NeverLeavesItsRange) {
  for (float x = 0; x < 120; x += 0.001f) {
    ASSERT_LE(Sigmoid(x), 1) << x;
    ASSERT_GE(Sigmoid(-x), 0) << x;
    ASSERT_LE(std::fabs(Tanh(x)), 1) << x;
  }
}

TEST_F(ActivationTest, TanhIsOddAndKeepsTinyArguments) {
  EXPECT_EQ(Tanh(1e-30f), 1e-30f);
  EXPECT_EQ(Tanh(-0.0f), 0.0f);
  EXPECT_NEAR(Tanh(-1.25f), -Tanh(1.25f), 1.2e-7);
}

TEST_F(ActivationTest, NanComesOutOfEveryFunctionThatItGoesInto) {
  for (int kind = 0; kind <= static_cast<int>(UnaryKind::kErf); ++kind) {
    const Activation function{static_cast<UnaryKind>(kind), 0.5f, 0.25f};
    EXPECT_TRUE(std::isnan(Apply(function, kNan))) << "kind " << kind;
  }
  EXPECT_TRUE(std::isnan(Apply(BinaryKind::kMin, kNan, 1.0f)));
  EXPECT_TRUE(std::isnan(Apply(BinaryKind::kMax, 1.0f, kNan)));
}

TEST_F(ActivationTest, LogAndPowHaveCsSpecialCases) {
  EXPECT_EQ(Log(0.0f), -kInfinity);
  EXPECT_TRUE(std::isnan(Log(-1.0f)));
  EXPECT_EQ(Log(kInfinity), kInfinity);
  for (float x : {-kInfinity, -2.0f, -1.0f, -0.5f, -0.0f, 0.0f, 0.5f, 1.0f, 2.0f, kInfinity, kNan}) {
    for (float y : {-kInfinity, -3.0f, -2.0f, -0.5f, 0.0f, 0.5f, 2.0f, 3.0f, 16777216.0f, kInfinity, kNan}) {
      const float want = std::pow(x, y), got = Pow(x, y);
      EXPECT_TRUE(std::isnan(want) ? std::isnan(got) : got == want && std::signbit(got) == std::signbit(want))
          << x << " ^ " << y << " is " << want << ", not " << got;
    }
  }
}

TEST_F(ActivationTest, ParametersMeanWhatOnnxSays) {
  EXPECT_FLOAT_EQ(Apply({UnaryKind::kLeakyRelu, 0.1f}, -2.0f), -0.2f);
  EXPECT_FLOAT_EQ(Apply({UnaryKind::kThresholdedRelu, 1.0f}, 1.0f), 0.0f);
  EXPECT_FLOAT_EQ(Apply({UnaryKind::kThresholdedRelu, 1.0f}, 1.5f), 1.5f);
  EXPECT_FLOAT_EQ(Apply({UnaryKind::kHardSigmoid, 0.2f, 0.5f}, 1.0f), 0.7f);
  EXPECT_FLOAT_EQ(Apply({UnaryKind::kHardSigmoid, 0.2f, 0.5f}, 9.0f), 1.0f);
  EXPECT_FLOAT_EQ(Apply({UnaryKind::kScaledTanh, 1.5f, 0.5f}, 2.0f), 1.5f * std::tanh(1.0f));
  EXPECT_FLOAT_EQ(Apply({UnaryKind::kElu, 2.0f}, -1.0f), 2 * std::expm1(-1.0f));
  EXPECT_FLOAT_EQ(Apply({UnaryKind::kAffine, 3.0f, 1.0f}, 2.0f), 7.0f);
  EXPECT_FLOAT_EQ(Apply({UnaryKind::kSoftsign}, -3.0f), -0.75f);
}

}  // namespace
}  // namespace recurd
