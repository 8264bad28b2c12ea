// The array's activations over all floats: bounds against double precision, and what they do where there is no number.
#include "server/numeric/activation_form.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <set>
#include <string>

#include "gtest/gtest.h"
#include "server/numeric/activation.h"
#include "server/numeric/profile.h"

namespace recurd {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// The bounds that the headers in hw/pl state. slack: by how much a larger argument's value may be the smaller one.
struct FormCase {
  const char* name;
  double sigmoid, tanh, slack;
};
constexpr FormCase kForms[] = {{"lut", 2.5e-3, 1.1e-3, 0},
                               {"lut_interpolated", 1.2e-5, 2.4e-5, 0},
                               {"piecewise_linear", 3.4e-4, 6.8e-4, 6e-8},
                               {"cordic", 1.5e-6, 3e-6, 2e-6},
                               {"polynomial", 2.5e-7, 4e-7, 2e-7}};

// Calls f with floats in ascending order: every stride-th from -max to max, those around the given ones among them.
template <class F>
void ForFloats(uint32_t stride, const F& f) {
  for (uint32_t bits = 0xff7fffff; bits > 0x80000000 + stride; bits -= stride) f(std::bit_cast<float>(bits));
  f(-0.0f);
  for (uint32_t bits = 0; bits < 0x7f800000; bits += stride) f(std::bit_cast<float>(bits));
}

class ActivationFormTest : public testing::TestWithParam<FormCase> {
 protected:
  float S(float x) const { return Sigmoid(form_, x); }
  float T(float x) const { return Tanh(form_, x); }
  const ActivationForm form_ = FindActivationForm(GetParam().name).value();
};

INSTANTIATE_TEST_SUITE_P(Forms, ActivationFormTest, testing::ValuesIn(kForms),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_P(ActivationFormTest, KeepsItsBoundsOverAllFloats) {
  double sigmoid = 0, tanh = 0;
  ForFloats(1009, [&](float x) {
    sigmoid = std::max(sigmoid, std::fabs(S(x) - Sigmoid(static_cast<double>(x))));
    tanh = std::max(tanh, std::fabs(T(x) - Tanh(static_cast<double>(x))));
  });
  EXPECT_LE(sigmoid, GetParam().sigmoid);
  EXPECT_LE(tanh, GetParam().tanh);
  EXPECT_GT(sigmoid, 0.5 * GetParam().sigmoid) << "the bound says more than it could";
  EXPECT_GT(tanh, 0.5 * GetParam().tanh) << "the bound says more than it could";
}

TEST_P(ActivationFormTest, StaysInItsRange) {
  ForFloats(4099, [&](float x) {
    ASSERT_TRUE(S(x) >= 0 && S(x) <= 1) << x;
    ASSERT_TRUE(T(x) >= -1 && T(x) <= 1) << x;
  });
}

// Every float of a stretch, for what a stride would step over, and all floats coarsely.
TEST_P(ActivationFormTest, RisesAsFarAsItSays) {
  float sigmoid = 0, tanh = -1;
  const auto rise = [&](float x) {
    ASSERT_GE(S(x), sigmoid - GetParam().slack) << x;
    ASSERT_GE(T(x), tanh - GetParam().slack) << x;
    sigmoid = S(x), tanh = T(x);
  };
  ForFloats(509, rise);
  for (const float around : {0.2023754f, 0.125f, 1.0f, 1.09369731f, 2.38832736f, 3.99546218f, 7.0f, 8.0f}) {
    for (const float scale : {1.0f, 2.0f}) {
      sigmoid = 0, tanh = -1;
      float x = scale * around;
      for (int i = 0; i < 2000; ++i) x = std::nextafter(x, 0.0f);
      for (int i = 0; i < 4000; ++i, x = std::nextafter(x, kInfinity)) rise(x);
    }
  }
}

TEST_P(ActivationFormTest, AtInfinityItIsSaturatedAndANanCountsAsTheLowest) {
  EXPECT_EQ(S(kInfinity), S(1e30f));
  EXPECT_EQ(T(kInfinity), T(1e30f));
  EXPECT_EQ(S(-kInfinity), S(-1e30f));
  EXPECT_EQ(T(-kInfinity), T(-1e30f));
  for (const float nan : {NAN, -NAN}) {
    EXPECT_EQ(S(nan), S(-kInfinity));
    EXPECT_EQ(T(nan), T(-kInfinity));
  }
}

TEST_P(ActivationFormTest, DenormalsGiveWhatZeroGives) {
  for (const float x : {1e-39f, std::numeric_limits<float>::denorm_min()}) {
    EXPECT_NEAR(S(x), S(0), 1e-37);
    EXPECT_NEAR(T(x), T(0), 1e-37);
  }
}

TEST(ExactFormTest, IsTheProfilesOwn) {
  for (const float x : {-3.0f, 0.0f, 0.7f, 30.0f}) {
    EXPECT_EQ(Sigmoid(ActivationForm::kExact, x), Sigmoid(x));
    EXPECT_EQ(Tanh(ActivationForm::kExact, x), Tanh(x));
  }
  EXPECT_EQ(ProfileOf(ActivationForm::kExact), kFp32Profile);
}

TEST(ActivationFormsTest, EachHasANameAndAProfileOfItsOwn) {
  std::set<std::string> profiles;
  for (const NamedForm& named : ActivationForms()) {
    EXPECT_EQ(FindActivationForm(named.name), named.form);
    EXPECT_STREQ(NameOf(named.form), named.name);
    profiles.insert(ProfileOf(named.form));
  }
  EXPECT_EQ(profiles.size(), 6u);
  EXPECT_EQ(FindActivationForm("spline"), std::nullopt);
  EXPECT_EQ(FindActivationForm(""), std::nullopt);
}

TEST(ApplyGateTest, OnlySigmoidAndTanhHaveForms) {
  const ActivationForm form = ActivationForm::kPiecewiseLinear;
  EXPECT_EQ(ApplyGate(form, {UnaryKind::kSigmoid}, 0.7f), Sigmoid(form, 0.7f));
  EXPECT_EQ(ApplyGate(form, {UnaryKind::kTanh}, 0.7f), Tanh(form, 0.7f));
  EXPECT_EQ(ApplyGate(form, {UnaryKind::kSoftsign}, 0.7f), Apply({UnaryKind::kSoftsign}, 0.7f));
  EXPECT_EQ(ApplyGate(form, {UnaryKind::kTanh}, 0.7), Tanh(0.7));
}

}  // namespace
}  // namespace recurd
