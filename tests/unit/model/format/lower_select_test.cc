#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/model/format/graph_builder.h"

namespace recurd {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

std::string Slice(GraphBuilder& g, const std::string& value, int64_t start, int64_t end, int64_t axis,
                  int64_t step = 1) {
  return g.Node("slice", "Slice",
                {value, g.Integers({start}), g.Integers({end}), g.Integers({axis}), g.Integers({step})});
}

TEST(LowerSelectTest, SlicesFeaturesInBothDirections) {
  GraphBuilder forward, backward;
  forward.Output(Slice(forward, forward.Through(5), 1, 4, 2, 2));
  EXPECT_THAT(forward.Run({0, 1, 2, 3, 4}), ElementsAre(1, 3));
  backward.Output(Slice(backward, backward.Through(5), -1, INT64_MIN, 2, -2));
  EXPECT_THAT(backward.Run({0, 1, 2, 3, 4}), ElementsAre(4, 2, 0));
}

TEST(LowerSelectTest, ASliceOfAllStepsIsTheValueItself) {
  GraphBuilder g;
  g.Output(Slice(g, g.Through(2), 0, INT64_MAX, 0));
  EXPECT_TRUE(g.Import()->outputs[0].has_time_axis);
}

TEST(LowerSelectTest, TheLastStepHasNoTimeAxis) {
  GraphBuilder by_slice, by_gather;
  by_slice.Output(Slice(by_slice, by_slice.Through(2), -1, INT64_MAX, 0));
  EXPECT_FALSE(by_slice.Import()->outputs[0].has_time_axis);
  EXPECT_THAT(by_slice.Import()->outputs[0].shape, ElementsAre(1, 1, 2));
  auto& index = *by_gather.graph().add_initializer();
  index.set_name("last");
  index.set_data_type(onnx::TensorProto::INT64);
  index.add_int64_data(-1);
  by_gather.Output(by_gather.Node("last_step", "Gather", {by_gather.Through(2), "last"}).Set("axis", 0));
  EXPECT_FALSE(by_gather.Import()->outputs[0].has_time_axis);
  EXPECT_THAT(by_gather.Import()->outputs[0].shape, ElementsAre(1, 2));
}

TEST(LowerSelectTest, RefusesOtherPartsOfTime) {
  GraphBuilder part, reverse, second, split;
  part.Output(Slice(part, part.Through(2), 1, INT64_MAX, 0));
  EXPECT_THAT(part.Refusal(), AllOf(HasSubstr("node 'slice' (Slice)"), HasSubstr("a part of the time axis")));
  reverse.Output(Slice(reverse, reverse.Through(2), -1, INT64_MIN, 0, -1));
  EXPECT_THAT(reverse.Refusal(), AllOf(HasSubstr("node 'slice' (Slice)"), HasSubstr("the reverse of the time axis")));
  second.Output(second.Node("second_step", "Gather", {second.Through(2), second.Integers({1})}));
  EXPECT_THAT(second.Refusal(), HasSubstr("node 'second_step' (Gather)"));
  split.Output(split.Node("halves", "Split", {split.Through(2)}).Set("axis", 0));
  EXPECT_THAT(split.Refusal(), HasSubstr("node 'halves' (Split)"));
}

TEST(LowerSelectTest, GathersFeaturesInAnyOrder) {
  GraphBuilder g;
  g.Output(g.Node("pick", "Gather", {g.Through(3), g.Integers({2, 0, -1})}).Set("axis", 2));
  EXPECT_THAT(g.Run({5, 6, 7}), ElementsAre(7, 5, 7));
}

TEST(LowerSelectTest, RefusesFeaturesThatAreNotThere) {
  GraphBuilder g;
  g.Output(g.Node("pick", "Gather", {g.Through(3), g.Integers({3})}).Set("axis", 2));
  EXPECT_THAT(g.Refusal(), HasSubstr("node 'pick' (Gather): it takes element 3 of an axis of size 3"));
}

TEST(LowerSelectTest, JoinsBranchesAndConstants) {
  GraphBuilder g;
  const std::string y = g.Through(2);
  const std::string shape = g.Node("shape", "Shape", {y});
  const std::string ones = g.Node("ones", "Expand", {g.Floats({1}, {9}), shape});
  g.Output(g.Node("join", "Concat", {y, ones, "x"}).Set("axis", -1));
  EXPECT_THAT(g.Run({1, 2, 3, 4}), ElementsAre(1, 2, 9, 9, 1, 2, 3, 4, 9, 9, 3, 4));
}

TEST(LowerSelectTest, RefusesToJoinFloatsAndIntegers) {
  GraphBuilder g;
  g.Output(g.Through(1));
  g.Node("join", "Concat", {g.Integers({1}), g.Floats({1}, {1})}).Set("axis", 0);
  EXPECT_THAT(g.Refusal(), HasSubstr("node 'join' (Concat): it joins floats and integers"));
}

TEST(LowerSelectTest, RefusesToJoinAlongTime) {
  GraphBuilder g;
  const std::string y = g.Through(2);
  g.Output(g.Node("append", "Concat", {y, y}).Set("axis", 0));
  EXPECT_THAT(g.Refusal(), HasSubstr("node 'append' (Concat): it joins values along the time axis"));
}

TEST(LowerSelectTest, SplitsFeaturesEvenlyOrAsTold) {
  GraphBuilder even, told;
  auto halves = even.Node("halves", "Split", {even.Through(4)}, 2).Set("axis", 2);
  even.Output(halves.Output(1));
  EXPECT_THAT(even.Run({1, 2, 3, 4}), ElementsAre(3, 4));
  auto parts = told.Node("parts", "Split", {told.Through(4), told.Integers({1, 3})}, 2).Set("axis", 2);
  told.Output(parts.Output(0));
  EXPECT_THAT(told.Run({1, 2, 3, 4}), ElementsAre(1));
}

TEST(LowerSelectTest, RefusesSplitsThatDoNotAddUp) {
  GraphBuilder g;
  g.Output(g.Node("parts", "Split", {g.Through(4), g.Integers({1, 2})}, 2).Set("axis", 2));
  EXPECT_THAT(g.Refusal(), HasSubstr("node 'parts' (Split): it splits an axis of size 4"));
}

TEST(LowerSelectTest, TilesFeatures) {
  GraphBuilder g;
  g.Output(g.Node("tile", "Tile", {g.Through(2), g.Integers({1, 1, 2})}));
  EXPECT_THAT(g.Run({1, 2}), ElementsAre(1, 2, 1, 2));
}

TEST(LowerSelectTest, RefusesExpansionThatTheFileHasNoReasonFor) {
  GraphBuilder g;
  g.Output(g.Node("bomb", "Expand", {g.Through(1), g.Integers({1, 1 << 20, 1 << 20})}));
  EXPECT_THAT(g.Refusal(), HasSubstr("node 'bomb' (Expand): the graph makes more values"));
}

}  // namespace
}  // namespace recurd
