#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/model/format/graph_builder.h"

namespace recurd {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::FloatNear;
using testing::HasSubstr;
using testing::Pointwise;

constexpr float kBound = 1e-6F;

std::vector<int64_t> Axes(const std::vector<int64_t>& axes) { return axes; }

GraphBuilder::NodeRef Mean(GraphBuilder& g, const std::string& value) {
  return g.Node("pool", "ReduceMean", {value}).Set("axes", Axes({0})).Set("keepdims", 1);
}

TEST(OverTimeTest, ReducesOverTime) {
  const std::map<std::string, std::vector<float>> expected = {
      {"ReduceMean", {3, -20}}, {"ReduceSum", {9, -60}}, {"ReduceMax", {5, -10}}, {"ReduceMin", {1, -30}}};
  for (const auto& [op, values] : expected) {
    GraphBuilder g(12);
    g.Output(g.Node("pool", op, {g.Through(2)}).Set("axes", Axes({0, 1})).Set("keepdims", 0));
    const auto model = g.Import();
    ASSERT_TRUE(model.ok()) << op << model.status();
    EXPECT_FALSE(model->outputs[0].has_time_axis);
    EXPECT_THAT(model->outputs[0].shape, ElementsAre(2));
    EXPECT_EQ(model->passes.size(), 1);
    const std::vector<float> rows = g.Run({1, -30, 3, -20, 5, -10});
    EXPECT_THAT(std::vector<float>(rows.end() - 2, rows.end()), ElementsAreArray(values)) << op;
  }
}

TEST(OverTimeTest, ReducesOverTimeAndFeatures) {
  GraphBuilder g(12);
  g.Output(g.Node("pool", "ReduceMean", {g.Through(2)}));
  EXPECT_THAT(g.Run({1, 2, 3, 6}), ElementsAre(3, 3));
  EXPECT_THAT(g.Import()->outputs[0].shape, ElementsAre(1, 1, 1));
}

TEST(OverTimeTest, RefusesProductsOverTime) {
  GraphBuilder g(12);
  g.Output(g.Node("pool", "ReduceProd", {g.Through(2)}).Set("axes", Axes({0})));
  EXPECT_THAT(g.Refusal(), HasSubstr("node 'pool' (ReduceProd): products over time are not supported"));
}

TEST(OverTimeTest, AResultOfAllStepsMayMeetEveryStep) {
  GraphBuilder g(12);
  const std::string y = g.Through(1);
  g.Output(g.Node("centre", "Sub", {y, Mean(g, y)}));
  EXPECT_EQ(g.Import()->whole_sequence_reason, "node 'pool' (ReduceMean): it takes the mean over time");
  EXPECT_THAT(g.Run({1, 2, 6}), ElementsAre(-2, -1, 3));
}

TEST(OverTimeTest, TheLastStepMayMeetEveryStep) {
  GraphBuilder g(12);
  const std::string y = g.Through(1);
  const std::string last = g.Node("last", "Slice", {y, g.Integers({-1}), g.Integers({INT64_MAX}), g.Integers({0})});
  g.Output(g.Node("mix", "Sub", {y, last}));
  EXPECT_EQ(g.Import()->whole_sequence_reason, "node 'mix' (Sub): it uses a result of all steps at every step");
  EXPECT_THAT(g.Run({1, 2, 6}), ElementsAre(-5, -4, 0));
}

TEST(OverTimeTest, AResultOfAllStepsMayBeRepeatedOverTime) {
  GraphBuilder g(12);
  const std::string y = g.Through(1);
  const std::string spread = g.Node("spread", "Expand", {Mean(g, y), g.Node("shape", "Shape", {y})});
  g.Output(g.Node("joined", "Concat", {y, spread}).Set("axis", 2));
  g.Output(spread);
  EXPECT_THAT(g.Run({1, 3}), ElementsAre(1, 2, 2, 3, 2, 2));
}

TEST(OverTimeTest, AttentionWeighsStepsByASoftmaxOverTime) {
  GraphBuilder g(13);
  const std::string y = g.Through(1);
  const std::string weights = g.Node("attend", "Softmax", {y}).Set("axis", 0);
  const std::string product = g.Node("weigh", "Mul", {weights, y});
  g.Output(weights);
  g.Output(g.Node("context", "ReduceSum", {product, g.Integers({0})}).Set("keepdims", 0));
  EXPECT_EQ(g.Import()->whole_sequence_reason, "node 'attend' (Softmax): it takes the softmax over time");
  const double e[] = {std::exp(1.0), std::exp(2.0)}, sum = e[0] + e[1];
  const auto context = static_cast<float>((e[0] * 1 + e[1] * 2) / sum);
  EXPECT_THAT(g.Run({1, 2}), Pointwise(FloatNear(kBound), {static_cast<float>(e[0] / sum), context,
                                                           static_cast<float>(e[1] / sum), context}));
}

}  // namespace
}  // namespace recurd
