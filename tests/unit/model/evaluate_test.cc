#include "server/model/evaluate.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/model/validate.h"
#include "tests/unit/fakes/random_model.h"

namespace recurd {
namespace {

using testing::ElementsAre;

constexpr int kSteps = 20;

TEST(EvaluateTest, RunsOperatorsInTheirOrder) {
  RandomModelBuilder builder(2);
  const Span x = builder.last(), doubled = builder.Allocate(2), c = builder.Allocate(1), out = builder.Allocate(2);
  builder.model().constants.push_back({c, {10}});
  builder.model().ops.push_back(BinaryOp{BinaryKind::kAdd, x, x, doubled});
  builder.model().ops.push_back(BinaryOp{BinaryKind::kMul, doubled, c, out});
  builder.AddOutput("y", out);
  ASSERT_TRUE(ValidateModel(builder.model()).ok());
  const std::vector<float> inputs = {1, 2, 3, 4};
  std::vector<float> outputs(4);
  Evaluate<float>(builder.model(), inputs.data(), 2, nullptr, outputs.data());
  EXPECT_THAT(outputs, ElementsAre(20, 40, 60, 80));
}

TEST(EvaluateTest, SoftmaxSumsToOne) {
  const Model model = RandomModel(LayerKind::kGruResetAfter, 3, 5);
  const std::vector<float> inputs = RandomFloats(2).Vector(kSteps * 3, 2);
  std::vector<double> state(model.initial_state.begin(), model.initial_state.end()),
      outputs(kSteps * model.output_size);
  Evaluate(model, inputs.data(), kSteps, state.data(), outputs.data());
  for (int step = 0; step < kSteps; ++step) {
    const double* y = outputs.data() + step * model.output_size;
    EXPECT_NEAR(y[0] + y[1] + y[2], 1, 1e-12);
  }
}

TEST(EvaluateTest, GoesOnFromTheStateThatItLeft) {
  const Model model = RandomModel(LayerKind::kLstm, 3, 5);
  const std::vector<float> inputs = RandomFloats(2).Vector(kSteps * 3, 2);
  std::vector<float> whole = model.initial_state, cut = model.initial_state;
  std::vector<float> whole_outputs(kSteps * model.output_size), cut_outputs(kSteps * model.output_size);
  Evaluate(model, inputs.data(), kSteps, whole.data(), whole_outputs.data());
  Evaluate(model, inputs.data(), 7, cut.data(), cut_outputs.data());
  Evaluate(model, inputs.data() + 7 * 3, kSteps - 7, cut.data(), cut_outputs.data() + 7 * model.output_size);
  EXPECT_EQ(cut, whole);
  EXPECT_EQ(cut_outputs, whole_outputs);
}

TEST(EvaluateTest, ReadsTheStateAsItStandsAtThatPlace) {
  RandomModelBuilder builder(3);
  const Span before = builder.Allocate(10), after = builder.Allocate(10);
  builder.model().ops.push_back(StateReadOp{0, before});
  builder.AddLayer(LayerKind::kLstm, 5);
  builder.model().ops.push_back(StateReadOp{0, after});
  builder.AddOutput("before", before);
  builder.AddOutput("after", after);
  std::vector<float> state = builder.model().initial_state, outputs(20);
  const std::vector<float> inputs = {1, 2, 3};
  Evaluate(builder.model(), inputs.data(), 1, state.data(), outputs.data());
  EXPECT_EQ(std::vector<float>(outputs.begin(), outputs.begin() + 10), builder.model().initial_state);
  EXPECT_EQ(std::vector<float>(outputs.begin() + 10, outputs.end()), state);
}

TEST(EvaluateTest, FlushesDenormalsWhateverTheCallersMode) {
  RandomModelBuilder builder(1);
  const Span half = builder.Allocate(1), out = builder.Allocate(1);
  builder.model().constants.push_back({half, {0.5f}});
  builder.model().ops.push_back(BinaryOp{BinaryKind::kMul, builder.last(), half, out});
  builder.AddOutput("y", out);
  const float input = 0x1p-126f;
  float output = 1;
  Evaluate<float>(builder.model(), &input, 1, nullptr, &output);
  EXPECT_EQ(output, 0);
}

}  // namespace
}  // namespace recurd
