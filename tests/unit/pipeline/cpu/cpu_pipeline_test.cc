#include "server/pipeline/cpu/cpu_pipeline.h"

#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/base/crc32c.h"
#include "server/model/evaluate.h"
#include "server/model/weights.h"
#include "server/numeric/activation_form.h"
#include "server/numeric/denormals.h"
#include "server/numeric/profile.h"
#include "tests/unit/fakes/random_model.h"
#include "tests/unit/pipeline/sequence.h"

namespace recurd {
namespace {

constexpr int kSteps = Sequence::kSteps;

uint32_t ReferenceCrc(const Model& model) {
  const std::vector<float> inputs = RandomFloats(77).Vector(static_cast<size_t>(kSteps) * model.input_size, 2);
  std::vector<float> state = model.initial_state, outputs(static_cast<size_t>(kSteps) * model.output_size);
  Evaluate(model, inputs.data(), kSteps, state.data(), outputs.data());
  return Crc32c(state.data(), state.size() * sizeof(float), Crc32c(outputs.data(), outputs.size() * sizeof(float)));
}

// Every op there is: layers of each kind on each other, a state read, elementwise operators and copies.
Model EverythingModel() {
  RandomModelBuilder builder(6);
  builder.AddDense(9);
  builder.AddUnary(UnaryKind::kErf);
  for (LayerKind kind : {LayerKind::kGruResetBefore, LayerKind::kGruResetAfter, LayerKind::kRnn, LayerKind::kLstm}) {
    builder.AddLayer(kind, 13);
  }
  Model& model = builder.model();
  const Span top = builder.last(), cell = builder.Allocate(20), joined = builder.Allocate(33),
             mean = builder.Allocate(11);
  model.ops.push_back(StateReadOp{model.state_size() - 20, cell});
  model.ops.push_back(CopyOp{top, {joined.offset, 13}});
  model.ops.push_back(CopyOp{cell, {joined.offset + 13, 20}});
  model.ops.push_back(ReduceOp{ReduceKind::kMean, joined, mean});
  model.ops.push_back(UnaryOp{{UnaryKind::kSoftplus}, joined, joined});
  builder.AddOutput("mean", mean);
  builder.AddOutput("joined", joined);
  return std::move(model);
}

class CpuPipelineTest : public testing::TestWithParam<const Kernels*> {
 protected:
  // One step at a time, random pieces and the whole give the reference's CRC over outputs and state.
  void ExpectOneCrc(const Model& model) {
    const uint32_t want = ReferenceCrc(model);
    RandomFloats random(5);
    const std::function<int()> cuts[] = {[] { return 1; }, [&] { return 1 + random.NextInt(7); },
                                         [] { return kSteps; }};
    for (const auto& cut : cuts) {
      Sequence sequence(pipeline_, model);
      sequence.RunAll(cut);
      EXPECT_EQ(sequence.Crc(), want);
    }
  }

  CpuPipeline pipeline_{*GetParam()};
};

TEST_P(CpuPipelineTest, EveryLayerSizeAndCutGivesTheReferencesCrc) {
  for (const auto& [input, hidden] : OddSizes()) {
    for (LayerKind kind : {LayerKind::kGruResetBefore, LayerKind::kGruResetAfter, LayerKind::kLstm, LayerKind::kRnn}) {
      SCOPED_TRACE(testing::Message() << "I " << input << " H " << hidden << " kind " << static_cast<int>(kind));
      ExpectOneCrc(RandomModel(kind, input, hidden));
    }
  }
}

TEST_P(CpuPipelineTest, AModelOfEveryOperatorGivesTheReferencesCrc) { ExpectOneCrc(EverythingModel()); }

TEST_P(CpuPipelineTest, EveryFormOfActivationGivesTheReferencesCrcUnderAProfileOfItsOwn) {
  for (const NamedForm& named : ActivationForms()) {
    SCOPED_TRACE(named.name);
    Model model = EverythingModel();
    model.activation = named.form;
    ExpectOneCrc(model);
    EXPECT_EQ(Sequence(pipeline_, model).prepared_->numerics_profile(), ProfileOf(named.form));
  }
}

// The same on every machine: the profile's bits themselves, not only their agreement.
TEST_P(CpuPipelineTest, NarrowWeightsGiveTheReferencesCrcUnderAProfileOfTheirOwn) {
  for (WeightStorage storage : {WeightStorage::kBf16, WeightStorage::kInt8}) {
    Model model = EverythingModel();
    const uint32_t fp32 = ReferenceCrc(model);
    ASSERT_TRUE(StoreWeights(storage, &model).ok());
    EXPECT_NE(ReferenceCrc(model), fp32);
    ExpectOneCrc(model);
    const Sequence sequence(pipeline_, model);
    EXPECT_EQ(sequence.prepared_->numerics_profile(), ProfileOf(ActivationForm::kExact, storage));
    EXPECT_GT(sequence.prepared_->accuracy().rms_error, 1e-4);
  }
}

TEST_P(CpuPipelineTest, TheProfilesBitsAreThoseOfTheFirstRelease) {
  Sequence sequence(pipeline_, EverythingModel());
  sequence.RunAll([] { return 4; });
  EXPECT_EQ(sequence.Crc(), 0x2a87677eu);
}

TEST_P(CpuPipelineTest, LeavesOutTheOutputsThatNobodyWants) {
  Sequence all(pipeline_, EverythingModel()), some(pipeline_, EverythingModel());
  all.RunSteps(kSteps, OutputSelection::Every());
  some.RunSteps(kSteps, {.first = 2, .stride = 5});
  ASSERT_EQ(some.outputs_.size(), 5u * all.model_->output_size);
  for (int i = 0; i < 5; ++i) {
    for (int j = 0; j < all.model_->output_size; ++j) {
      ASSERT_EQ(some.outputs_[i * all.model_->output_size + j],
                all.outputs_[(2 + 5 * i) * all.model_->output_size + j]);
    }
  }
  EXPECT_EQ(some.state_, all.state_);
}

TEST_P(CpuPipelineTest, ARunWithoutOutputsAdvancesTheState) {
  Sequence all(pipeline_, EverythingModel()), none(pipeline_, EverythingModel());
  all.RunSteps(kSteps, OutputSelection::Every());
  none.RunSteps(kSteps, OutputSelection::None(kSteps));
  EXPECT_TRUE(none.outputs_.empty());
  EXPECT_EQ(none.state_, all.state_);
}

TEST_P(CpuPipelineTest, ARunCanBeTriedAgainBecauseItsStateIsUntouched) {
  Sequence sequence(pipeline_, RandomModel(LayerKind::kLstm, 6, 20));
  const std::vector<float> before = sequence.state_;
  sequence.RunSteps(3, OutputSelection::Every());
  const std::vector<float> once = sequence.state_, outputs = std::exchange(sequence.outputs_, {});
  EXPECT_NE(once, before);
  sequence.state_ = before;
  sequence.done_ = 0;
  sequence.RunSteps(3, OutputSelection::Every());
  EXPECT_EQ(sequence.state_, once);
  EXPECT_EQ(sequence.outputs_, outputs);
}

TEST_P(CpuPipelineTest, NanInOneRunStaysInItsSequence) {
  Sequence clean(pipeline_, RandomModel(LayerKind::kGruResetAfter, 3, 5));
  clean.RunSteps(10, OutputSelection::Every());
  Sequence sequence(pipeline_, RandomModel(LayerKind::kGruResetAfter, 3, 5));
  sequence.RunSteps(5, OutputSelection::Every());
  std::vector<float> nan(5, NAN), next(5), outputs(2 * sequence.model_->output_size);
  pipeline_.Start({.model = sequence.prepared_.get(),
                   .state = nan.data(),
                   .next_state = next.data(),
                   .inputs = sequence.inputs_.data(),
                   .outputs = outputs.data(),
                   .steps = 2});
  EXPECT_TRUE(std::isnan(next[0]));
  sequence.RunSteps(5, OutputSelection::Every());
  EXPECT_EQ(sequence.outputs_, clean.outputs_);
}

TEST_P(CpuPipelineTest, RunsOfTwoModelsMayAlternate) {
  Sequence a(pipeline_, RandomModel(LayerKind::kGruResetBefore, 6, 20)), b(pipeline_, EverythingModel());
  for (int step = 0; step < kSteps; ++step) {
    a.RunSteps(1, OutputSelection::Every());
    b.RunSteps(1, OutputSelection::Every());
  }
  EXPECT_EQ(a.Crc(), ReferenceCrc(*a.model_));
  EXPECT_EQ(b.Crc(), ReferenceCrc(*b.model_));
}

// |output - double| <= 2e-6, of Softmax values after 23 steps.
TEST_P(CpuPipelineTest, OutputsAreWithinTwoMillionthsOfDouble) {
  for (const auto& [input, hidden] : OddSizes()) {
    Sequence sequence(pipeline_, RandomModel(LayerKind::kGruResetAfter, input, hidden));
    sequence.RunSteps(kSteps, OutputSelection::Every());
    const Model& model = *sequence.model_;
    std::vector<double> state(model.initial_state.begin(), model.initial_state.end());
    std::vector<double> exact(sequence.outputs_.size());
    Evaluate(model, sequence.inputs_.data(), kSteps, state.data(), exact.data());
    for (size_t i = 0; i < exact.size(); ++i) ASSERT_NEAR(sequence.outputs_[i], exact[i], 2e-6) << "hidden " << hidden;
  }
}

TEST_P(CpuPipelineTest, MeasuresAStepWhenItPrepares) {
  Sequence small(pipeline_, RandomModel(LayerKind::kGruResetAfter, 8, 8));
  Sequence large(pipeline_, RandomModel(LayerKind::kGruResetAfter, 200, 200));
  EXPECT_GE(small.prepared_->step_ns(), 1);
  EXPECT_GT(large.prepared_->step_ns(), 4 * small.prepared_->step_ns());
}

INSTANTIATE_TEST_SUITE_P(Targets, CpuPipelineTest, testing::ValuesIn(RunnableKernels()),
                         [](const auto& info) { return std::string(info.param->target); });

TEST(CpuPipelinePrepareTest, RefusesAProgramThatLeavesItsBuffers) {
  Model model = RandomModel(LayerKind::kRnn, 3, 5);
  model.frame_size = 4;
  CpuPipeline pipeline;
  const auto prepared = pipeline.Prepare(std::make_shared<const Model>(std::move(model)));
  EXPECT_EQ(prepared.status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(CpuPipelineNameTest, SaysWhatItIs) {
  CpuPipeline pipeline;
  EXPECT_STREQ(pipeline.name(), "cpu");
  EXPECT_EQ(pipeline.target(), BestKernels().target);
  EXPECT_EQ(pipeline.numerics_profile(), "f32/col2/act1/ftz");
}

}  // namespace
}  // namespace recurd
