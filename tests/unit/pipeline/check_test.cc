#include "server/pipeline/check.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/model/evaluate.h"
#include "tests/unit/fakes/random_model.h"

namespace recurd {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr int kEveryStep = -2;

// A pipeline that computes as the reference does, but for `error` added to one state at one step, or at every one.
class CheckTest : public testing::Test {
 protected:
  absl::Status Check(int wrong_step, float error, double bound = kSameBits,
                     ActivationForm form = ActivationForm::kExact) {
    runs_ = 0;
    return CheckAgainstReference(model_, form, bound, [&](const recurd::Run& run) {
      std::copy_n(run.state, model_.state_size(), run.next_state);
      Evaluate(model_, form, run.inputs, run.steps, run.next_state, run.outputs);
      if (runs_++ == wrong_step || wrong_step == kEveryStep) run.next_state[1] += error;
    });
  }

  Model model_ = RandomModel(LayerKind::kGruResetAfter, 3, 8);
  int runs_ = 0;
};

TEST_F(CheckTest, TheReferencesOwnBitsPass) {
  EXPECT_TRUE(Check(-1, 0).ok());
  EXPECT_EQ(runs_, 16);
}

TEST_F(CheckTest, TheSmallestDifferenceIsOneWhereBitsMustBeEqual) {
  const absl::Status status = Check(5, 1e-6f);
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("'random' version 1"), HasSubstr("step 5"), HasSubstr("bits")));
}

TEST_F(CheckTest, TablesMayDifferByTheirError) {
  EXPECT_TRUE(Check(5, 0.01f, kTableError, ActivationForm::kLut).ok());
  EXPECT_THAT(Check(5, 0.5f, kTableError, ActivationForm::kLut).message(), HasSubstr("the limit is 0.01"));
}

TEST_F(CheckTest, ErrorsDoNotAddUp) {
  EXPECT_TRUE(Check(kEveryStep, 0.04f, kTableError).ok());
  EXPECT_EQ(runs_, 16);
}

TEST_F(CheckTest, OneThatIsNoNumberIsWrongUnlessTheReferencesIsntEither) {
  EXPECT_FALSE(Check(3, std::numeric_limits<float>::quiet_NaN(), kTableError).ok());
  std::get<RecurrentOp>(model_.ops[0]).input_bias[0] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(Check(-1, 0).ok());
}

TEST_F(CheckTest, AModelSaysHowManyStepsAreCompared) {
  model_.serving.warmup_steps = 40;
  EXPECT_FALSE(Check(39, 1e-3f).ok());
  EXPECT_TRUE(Check(40, 1e-3f).ok());
}

}  // namespace
}  // namespace recurd
