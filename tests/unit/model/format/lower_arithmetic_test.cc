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

// What an operator of one argument makes of these values.
std::vector<float> Apply(const std::string& op, const std::vector<float>& values, int opset = 20) {
  GraphBuilder g(opset);
  g.Output(g.Node("f", op, {g.Through(static_cast<int>(values.size()))}));
  return g.Run(values);
}

TEST(LowerArithmeticTest, ActivationsHaveTheDefaultsOfOnnx) {
  EXPECT_THAT(Apply("LeakyRelu", {-2, 3}), Pointwise(FloatNear(kBound), {-0.02F, 3.0F}));
  EXPECT_THAT(Apply("HardSigmoid", {-9, 1, 9}), Pointwise(FloatNear(kBound), {0.0F, 0.7F, 1.0F}));
  EXPECT_THAT(Apply("Elu", {-1, 3}), Pointwise(FloatNear(kBound), {std::expm1(-1.0F), 3.0F}));
  EXPECT_THAT(Apply("Selu", {1, -1}), Pointwise(FloatNear(kBound), {1.0507010F, -1.1113307F}));
  EXPECT_THAT(Apply("HardSwish", {-4, 1, 4}), Pointwise(FloatNear(kBound), {0.0F, 2.0F / 3, 4.0F}));
  EXPECT_THAT(Apply("Gelu", {1, -1}), Pointwise(FloatNear(kBound), {0.8413447F, -0.1586553F}));
  EXPECT_THAT(Apply("Softsign", {-3, 1}), Pointwise(FloatNear(kBound), {-0.75F, 0.5F}));
}

TEST(LowerArithmeticTest, ActivationsTakeTheirAttributes) {
  GraphBuilder g;
  g.Output(g.Node("f", "HardSigmoid", {g.Through(1)}).Set("alpha", 0.5F).Set("beta", 0.25F));
  EXPECT_THAT(g.Run({1}), ElementsAre(0.75F));
}

TEST(LowerArithmeticTest, OperandsKeepTheirSides) {
  GraphBuilder g;
  const std::string two = g.Floats({}, {2});
  const std::string y = g.Through(1);
  for (const char* op : {"Sub", "Div"}) {
    g.Output(g.Node(std::string(op) + ".left", op, {y, two}));
    g.Output(g.Node(std::string(op) + ".right", op, {two, y}));
  }
  EXPECT_THAT(g.Run({8}), ElementsAre(6, -6, 4, 0.25F));
}

TEST(LowerArithmeticTest, BroadcastsConstantsOverFeatures) {
  GraphBuilder g;
  const std::string grid = g.Node("grid", "Reshape", {g.Through(4), g.Integers({-1, 2, 2})});
  g.Output(g.Node("by_row", "Mul", {grid, g.Floats({2, 1}, {1, 10})}));
  g.Output(g.Node("by_column", "Mul", {grid, g.Floats({2}, {1, 10})}));
  EXPECT_THAT(g.Run({1, 2, 3, 4}), ElementsAre(1, 2, 30, 40, 1, 20, 3, 40));
}

TEST(LowerArithmeticTest, BroadcastsFeaturesOverEachOther) {
  GraphBuilder g;
  const std::string y = g.Through(2);
  const std::string column = g.Node("column", "Reshape", {y, g.Integers({-1, 2, 1})});
  g.Output(g.Node("outer", "Mul", {column, y}));
  EXPECT_THAT(g.Run({3, 5}), ElementsAre(9, 15, 15, 25));
}

TEST(LowerArithmeticTest, MinMaxAndSumTakeManyOperands) {
  GraphBuilder g;
  const std::string y = g.Through(1), a = g.Floats({}, {2}), b = g.Floats({}, {5});
  for (const char* op : {"Min", "Max", "Sum"}) g.Output(g.Node(op, op, {y, a, b}));
  EXPECT_THAT(g.Run({3}), ElementsAre(2, 5, 10));
}

TEST(LowerArithmeticTest, SquaresAndRootsAreExact) {
  GraphBuilder g;
  const std::string y = g.Through(1);
  g.Output(g.Node("square", "Pow", {y, g.Floats({}, {2})}));
  g.Output(g.Node("root", "Pow", {y, g.Floats({}, {0.5F})}));
  const auto model = g.Import();
  ASSERT_TRUE(model.ok());
  EXPECT_THAT(g.Run({3}), ElementsAre(9, std::sqrt(3.0F)));
}

TEST(LowerArithmeticTest, ClipTakesAttributesOrInputs) {
  GraphBuilder inputs, attributes(9);
  inputs.Output(inputs.Node("clip", "Clip", {inputs.Through(3), "", inputs.Floats({}, {2})}));
  EXPECT_THAT(inputs.Run({-1, 1, 3}), ElementsAre(-1, 1, 2));
  const std::string x = attributes.Input("x", {-1, 1, 1});
  auto layer =
      attributes.Node("layer", "RNN", {x, attributes.Floats({1, 1, 1}, {1}), attributes.Floats({1, 1, 1}, {0})});
  layer.Set("hidden_size", 1).Set("activations", std::vector<std::string>{"Relu"});
  attributes.Output(attributes.Node("clip", "Clip", {layer}).Set("min", 1.0F).Set("max", 2.0F));
  EXPECT_THAT(attributes.Run({0, 1.5F, 3}), ElementsAre(1, 1.5F, 2));
}

TEST(LowerArithmeticTest, PReluHasASlopeForEachFeature) {
  GraphBuilder g;
  g.Output(g.Node("prelu", "PRelu", {g.Through(3), g.Floats({3}, {0.5F, 2, 7})}));
  EXPECT_THAT(g.Run({-2, -2, 2}), ElementsAre(-1, -4, 2));
}

TEST(LowerArithmeticTest, AConstantEqualAtEachStepIsOne) {
  GraphBuilder g;
  const std::string y = g.ThroughLayer(g.Input("x", {3, 1, 1}), 1);
  g.Output(g.Node("add", "Add", {y, g.Floats({3, 1, 1}, {7, 7, 7})}));
  EXPECT_THAT(g.Run({1, 2, 3, 4}), ElementsAre(8, 9, 10, 11));
}

TEST(LowerArithmeticTest, RefusesAConstantThatChangesWithTime) {
  GraphBuilder g;
  const std::string y = g.ThroughLayer(g.Input("x", {3, 1, 1}), 1);
  g.Output(g.Node("position", "Add", {y, g.Floats({3, 1, 1}, {7, 7, 8})}));
  EXPECT_THAT(g.Refusal(), AllOf(HasSubstr("node 'position' (Add)"), HasSubstr("changes along the time axis")));
}

TEST(LowerArithmeticTest, RefusesShapesThatDoNotFit) {
  GraphBuilder g;
  g.Output(g.Node("add", "Add", {g.Through(3), g.Floats({2}, {1, 2})}));
  EXPECT_THAT(g.Refusal(), HasSubstr("node 'add' (Add): values of shape [T,1,3] and [2] don't fit"));
}

TEST(LowerArithmeticTest, RefusesToCompareComputedValues) {
  GraphBuilder g;
  g.Output(g.Node("test", "Greater", {g.Through(1), g.Floats({}, {0})}));
  EXPECT_THAT(g.Refusal(), AllOf(HasSubstr("node 'test' (Greater)"), HasSubstr("is computed; it must be a constant")));
}

TEST(LowerArithmeticTest, RefusesIntegersAmongFloats) {
  GraphBuilder g;
  g.Output(g.Node("add", "Add", {g.Through(1), g.Integers({1})}));
  EXPECT_THAT(g.Refusal(), HasSubstr("node 'add' (Add): it mixes integers with computed values"));
}

}  // namespace
}  // namespace recurd
