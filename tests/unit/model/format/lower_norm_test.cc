#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/model/format/graph_builder.h"

namespace recurd {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::FloatNear;
using testing::HasSubstr;
using testing::Pointwise;

constexpr float kBound = 1e-6F;

std::string Grid(GraphBuilder& g) { return g.Node("grid", "Reshape", {g.Through(4), g.Integers({-1, 2, 2})}); }

TEST(LowerNormTest, SoftmaxRunsOverItsAxis) {
  const float small = 1 / (1 + std::exp(1.0F)), large = 1 - small;
  GraphBuilder rows, columns;
  rows.Output(rows.Node("softmax", "Softmax", {Grid(rows)}));
  EXPECT_THAT(rows.Run({1, 2, 7, 6}), Pointwise(FloatNear(kBound), {small, large, large, small}));
  columns.Output(columns.Node("softmax", "Softmax", {Grid(columns)}).Set("axis", 1));
  EXPECT_THAT(columns.Run({1, 2, 2, 1}), Pointwise(FloatNear(kBound), {small, large, large, small}));
}

TEST(LowerNormTest, OldSoftmaxRunsOverAllAxesBehindIts) {
  GraphBuilder g(11);
  const std::string x = g.Input("x", {-1, 1, 1});
  auto layer =
      g.Node("layer", "RNN", {x, g.Floats({1, 4, 1}, {0, 0, 0, 0}), g.Floats({1, 4, 4}, std::vector<float>(16, 0))});
  layer.Set("hidden_size", 4);
  const std::string grid = g.Node("grid", "Reshape", {layer, g.Integers({-1, 2, 2})});
  g.Output(g.Node("softmax", "Softmax", {grid}).Set("axis", 1));
  EXPECT_THAT(g.Run({1}), ElementsAre(0.25F, 0.25F, 0.25F, 0.25F));
}

TEST(LowerNormTest, LogSoftmaxIsTheLogarithm) {
  GraphBuilder g;
  g.Output(g.Node("softmax", "LogSoftmax", {g.Through(2)}));
  EXPECT_THAT(g.Run({0, 0}), Pointwise(FloatNear(kBound), {std::log(0.5F), std::log(0.5F)}));
}

TEST(LowerNormTest, ReducesTheAxesItNames) {
  GraphBuilder g(13);
  const std::string grid = Grid(g);
  g.Output(g.Node("sum", "ReduceSum", {grid, g.Integers({2})}).Set("keepdims", 0));
  g.Output(g.Node("mean", "ReduceMean", {grid}).Set("axes", std::vector<int64_t>{1}));
  g.Output(g.Node("max", "ReduceMax", {grid}).Set("axes", std::vector<int64_t>{1, 2}));
  g.Output(g.Node("min", "ReduceMin", {grid}).Set("axes", std::vector<int64_t>{-1}));
  g.Output(g.Node("norm", "ReduceL2", {grid}).Set("axes", std::vector<int64_t>{2}));
  EXPECT_THAT(g.Run({3, 4, 0, 5}), ElementsAre(7, 5, 1.5F, 4.5F, 5, 3, 0, 5, 5));
  EXPECT_THAT(g.Import()->outputs[0].shape, ElementsAre(-1, 2));
}

TEST(LowerNormTest, LayerNormalizationCentresAndScales) {
  GraphBuilder g(17);
  g.Output(g.Node("norm", "LayerNormalization", {g.Through(2), g.Floats({2}, {1, 2}), g.Floats({2}, {0, 10})})
               .Set("epsilon", 0.0F));
  EXPECT_THAT(g.Run({3, 7}), Pointwise(FloatNear(kBound), {-1.0F, 12.0F}));
}

TEST(LowerNormTest, BatchNormalizationScalesChannels) {
  GraphBuilder g;
  const std::string channels =
      g.Node("channels", "Transpose", {g.Through(2)}).Set("perm", std::vector<int64_t>{1, 2, 0});
  const std::string norm =
      g.Node("norm", "BatchNormalization",
             {channels, g.Floats({2}, {1, 3}), g.Floats({2}, {0, 1}), g.Floats({2}, {1, 2}), g.Floats({2}, {4, 1})})
          .Set("epsilon", 0.0F);
  g.Output(g.Node("back", "Transpose", {norm}).Set("perm", std::vector<int64_t>{2, 0, 1}));
  EXPECT_THAT(g.Run({5, 4}), Pointwise(FloatNear(kBound), {2.0F, 7.0F}));
}

TEST(LowerNormTest, RefusesBatchNormalizationInTraining) {
  GraphBuilder g;
  const std::string y = g.Node("flat", "Flatten", {g.Through(1)});
  const std::string one = g.Floats({1}, {1});
  g.Output(g.Node("norm", "BatchNormalization", {y, one, one, one, one}).Set("training_mode", 1));
  EXPECT_THAT(g.Refusal(), AllOf(HasSubstr("node 'norm' (BatchNormalization)"), HasSubstr("training mode")));
}

}  // namespace
}  // namespace recurd
