#include "server/engine/capacity.h"

#include <gtest/gtest.h>

namespace recurd {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

class CapacityTest : public ::testing::Test {
 protected:
  // `share` of the pipeline's time goes to the model for a minute.
  void Load(Capacity& capacity, double share) {
    for (int i = 0; i < 60; ++i) {
      capacity.Ran(*models_[0], static_cast<int64_t>(share * kSecond));
      capacity.Update(models_, now_ns_ += kSecond);
    }
  }
  std::vector<std::shared_ptr<ServedModel>> models_ = {std::make_shared<ServedModel>(),
                                                       std::make_shared<ServedModel>()};
  int64_t now_ns_ = kSecond;
};

TEST_F(CapacityTest, IsThePartOfTheTimeThatRunsTakeAndFadesWhenTheyStop) {
  Capacity capacity(0);
  Load(capacity, 0.4);
  EXPECT_NEAR(capacity.used(), 0.4, 1e-3);
  Load(capacity, 0);
  EXPECT_NEAR(capacity.used(), 0, 1e-3);
}

TEST_F(CapacityTest, RefusesASessionWhoseLikesWouldNotFitAndTakesOneOfAnotherModel) {
  Capacity capacity(0.8);
  for (int i = 0; i < 3; ++i) capacity.Opened(*models_[0]);
  Load(capacity, 0.55);
  EXPECT_TRUE(capacity.HasRoom(*models_[0]));
  Load(capacity, 0.65);
  EXPECT_FALSE(capacity.HasRoom(*models_[0]));
  EXPECT_TRUE(capacity.HasRoom(*models_[1]));
}

TEST_F(CapacityTest, CountsASessionThatHasJustOpenedWithTheShareOfItsLikes) {
  Capacity capacity(1);
  capacity.Opened(*models_[0]);
  Load(capacity, 0.3);
  capacity.Opened(*models_[0]);
  EXPECT_NEAR(capacity.used(), 0.6, 1e-3);
  EXPECT_TRUE(capacity.HasRoom(*models_[0]));
  capacity.Opened(*models_[0]);
  EXPECT_FALSE(capacity.HasRoom(*models_[0]));
}

TEST_F(CapacityTest, SessionsThatComeAndGoLeaveItAsItWas) {
  Capacity capacity(0.8);
  capacity.Opened(*models_[0]);
  Load(capacity, 0.1);
  for (int i = 0; i < 2000; ++i) {
    capacity.Opened(*models_[0]);
    capacity.Ended(*models_[0]);
  }
  EXPECT_NEAR(capacity.used(), 0.1, 1e-3);
  EXPECT_TRUE(capacity.HasRoom(*models_[0]));
}

TEST_F(CapacityTest, WithoutALimitThereIsAlwaysRoom) {
  Capacity capacity(0);
  capacity.Opened(*models_[0]);
  Load(capacity, 1);
  EXPECT_TRUE(capacity.HasRoom(*models_[0]));
}

}  // namespace
}  // namespace recurd
