#include "server/session/state_image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "server/session/finite.h"

namespace recurd {
namespace {

using ::testing::HasSubstr;

Model TwoStates() {
  Model model;
  model.name = "m";
  model.fingerprint = "0123456789abcdef";
  model.initial_state = {0, 0};
  return model;
}

StateImage Sealed() {
  const std::vector<float> values = {0.5f, -2};
  return StateImage::Seal(TwoStates(), "p", 17, values);
}

absl::Status Check(const StateImage& image, bool allow_profile_change = false) {
  return image.Check(TwoStates(), "p", allow_profile_change);
}

TEST(StateImageTest, ASealedImageIsGoodForItsModelAndProfile) { EXPECT_TRUE(Check(Sealed()).ok()); }

TEST(StateImageTest, RefusesAnImageOfAnotherModel) {
  StateImage image = Sealed();
  image.model_fingerprint = "beef";
  EXPECT_EQ(Check(image).code(), absl::StatusCode::kFailedPrecondition);
}

TEST(StateImageTest, AnotherProfileNeedsConsent) {
  StateImage image = Sealed();
  image.numerics_profile = "other";
  EXPECT_THAT(std::string(Check(image).message()), HasSubstr("allow_profile_change"));
  EXPECT_TRUE(Check(image, true).ok());
}

TEST(StateImageTest, RefusesAnyDamage) {
  StateImage length = Sealed(), value = Sealed(), step = Sealed(), format = Sealed();
  length.values.push_back(0);
  value.values[1] = std::nextafter(value.values[1], 0.0f);
  step.step++;
  format.format = 2;
  for (const StateImage& image : {length, value, step, format}) {
    EXPECT_EQ(Check(image).code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST(StateImageTest, RefusesNanEvenWithAGoodChecksum) {
  StateImage image = Sealed();
  image.values[0] = std::numeric_limits<float>::quiet_NaN();
  image.crc32c = StateChecksum(image.format, image.step, image.values);
  EXPECT_THAT(std::string(Check(image).message()), HasSubstr("NaN"));
}

TEST(FiniteTest, KnowsEveryKindOfFloat) {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::nanf("");
  const std::vector<float> good = {0, -0.0f, 1e-45f, 3.4028235e38f, -3.4028235e38f};
  EXPECT_TRUE(AllFinite(good));
  EXPECT_TRUE(AllFinite({}));
  for (float bad : {inf, -inf, nan, -nan}) {
    std::vector<float> values(37, 1.0f);
    values[36] = bad;
    EXPECT_FALSE(AllFinite(values));
  }
}

}  // namespace
}  // namespace recurd
