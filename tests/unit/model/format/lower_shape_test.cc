#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/model/format/graph_builder.h"

namespace recurd {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(LowerShapeTest, TransposesFeatures) {
  GraphBuilder g;
  const std::string grid = g.Node("grid", "Reshape", {g.Through(6), g.Integers({-1, 2, 3})});
  const std::string turned = g.Node("turn", "Transpose", {grid}).Set("perm", std::vector<int64_t>{0, 2, 1});
  g.Output(turned);
  EXPECT_THAT(g.Run({1, 2, 3, 4, 5, 6}), ElementsAre(1, 4, 2, 5, 3, 6));
  EXPECT_THAT(g.Import()->outputs[0].shape, ElementsAre(-1, 3, 2));
}

TEST(LowerShapeTest, RebuildsAShapeFromTheLengthOfTheSequence) {
  GraphBuilder g;
  const std::string y = g.Through(4);
  const std::string shape = g.Node("shape", "Shape", {y});
  const std::string steps = g.Node("steps", "Gather", {shape, g.Integers({0})});
  const std::string target = g.Node("target", "Concat", {steps, g.Integers({2, 2})}).Set("axis", 0);
  g.Output(g.Node("reshape", "Reshape", {y, target}));
  EXPECT_THAT(g.Import()->outputs[0].shape, ElementsAre(-1, 2, 2));
}

TEST(LowerShapeTest, FlattensFeaturesBehindTime) {
  GraphBuilder g;
  const std::string grid = g.Node("grid", "Reshape", {g.Through(6), g.Integers({-1, 2, 3})});
  g.Output(g.Node("flat", "Flatten", {grid}).Set("axis", 1));
  EXPECT_THAT(g.Import()->outputs[0].shape, ElementsAre(-1, 6));
}

TEST(LowerShapeTest, RefusesToFlattenTime) {
  GraphBuilder g;
  g.Output(g.Node("all_in_one", "Flatten", {g.Through(6)}).Set("axis", 0));
  EXPECT_THAT(g.Refusal(), AllOf(HasSubstr("node 'all_in_one' (Flatten)"), HasSubstr("time axis of [T,1,6]")));
}

TEST(LowerShapeTest, RefusesToReshapeTimeAway) {
  GraphBuilder g;
  g.Output(g.Node("squash", "Reshape", {g.Through(6), g.Integers({-1})}));
  EXPECT_THAT(g.Refusal(), AllOf(HasSubstr("node 'squash' (Reshape)"), HasSubstr("time axis")));
}

TEST(LowerShapeTest, RefusesToSqueezeTime) {
  GraphBuilder g;
  g.Output(g.Node("squeeze_all", "Squeeze", {g.Through(6), g.Integers({0})}));
  EXPECT_THAT(g.Refusal(), HasSubstr("node 'squeeze_all' (Squeeze): it takes the time axis out"));
}

TEST(LowerShapeTest, TakesAxesFromAttributesInOldOpsets) {
  GraphBuilder g(9);
  const std::string x = g.Input("x", {-1, 2});
  const std::string batched = g.Node("in", "Unsqueeze", {x}).Set("axes", std::vector<int64_t>{1});
  auto layer = g.Node("layer", "RNN", {batched, g.Floats({1, 1, 2}, {1, 1}), g.Floats({1, 1, 1}, {0})});
  layer.Set("hidden_size", 1).Set("activations", std::vector<std::string>{"Relu"});
  g.Output(g.Node("out", "Squeeze", {layer}).Set("axes", std::vector<int64_t>{1, 2}));
  EXPECT_THAT(g.Run({1, 2, 3, 4}), ElementsAre(3, 7));
}

TEST(LowerShapeTest, DropoutDoesNothingUnlessItTrains) {
  GraphBuilder g;
  g.Output(g.Node("drop", "Dropout", {g.Through(2)}).Set("seed", 3));
  EXPECT_THAT(g.Run({1, 2}), ElementsAre(1, 2));
  GraphBuilder training;
  training.Output(
      training.Node("drop", "Dropout", {training.Through(2), training.Floats({}, {0.5F}), training.Integers({1})}));
  EXPECT_THAT(training.Refusal(), AllOf(HasSubstr("node 'drop' (Dropout)"), HasSubstr("training mode")));
}

TEST(LowerShapeTest, RefusesToCastComputedValues) {
  GraphBuilder g;
  g.Output(g.Node("to_int", "Cast", {g.Through(2)}).Set("to", 7));
  EXPECT_THAT(g.Refusal(), HasSubstr("node 'to_int' (Cast)"));
}

TEST(LowerShapeTest, RefusesAttributesItDoesNotKnow) {
  GraphBuilder g;
  g.Output(g.Node("id", "Identity", {g.Through(2)}).Set("surprise", 1));
  EXPECT_THAT(g.Refusal(), HasSubstr("node 'id' (Identity): attribute 'surprise' is not supported"));
}

TEST(LowerShapeTest, RefusesAttributesOfAnotherType) {
  GraphBuilder g;
  g.Output(g.Node("turn", "Transpose", {g.Through(2)}).Set("perm", 1.5F));
  EXPECT_THAT(g.Refusal(), HasSubstr("node 'turn' (Transpose): attribute 'perm' has type 1, not INTS"));
}

}  // namespace
}  // namespace recurd
