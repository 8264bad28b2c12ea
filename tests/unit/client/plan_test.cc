// Plans of models made here: what fits, what doesn't and why, and what the pictures hold.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "client/recurctl/plan/layer_plan.h"
#include "client/recurctl/plan/picture.h"
#include "client/recurctl/plan/report.h"

namespace recurd {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

Model WithLayers(const std::vector<std::pair<int, int>>& units_and_inputs, CellKind cell = CellKind::kGru) {
  Model model;
  model.name = "m";
  for (const auto& [units, inputs] : units_and_inputs) {
    RecurrentOp op{.cell = cell, .linear_before_reset = true};
    op.in.size = inputs;
    op.out.size = units;
    op.name = "layer";
    model.ops.push_back(op);
  }
  return model;
}

ModelPlan PlanOf(const Model& model, const std::string& mapping = "auto", int weight_sets = 2) {
  return PlanModel(model, *array::FindMappings(mapping), weight_sets);
}

TEST(PlanTest, TakesTheTimesOfTheClosedForm) {
  const Model model = WithLayers({{32, 8}});
  const ModelPlan plan = PlanOf(model, "lanes");
  const MappingPlan& lanes = plan.layers[0].mappings[0];
  hw::Cycles parts = 0;
  for (const hw::Part& part : lanes.form.parts) parts += part.cycles;
  EXPECT_EQ(parts, lanes.form.recurrent);
  EXPECT_NEAR(lanes.steady_ns(), 124.8, 0.01);
  EXPECT_THAT(PlanText(model, plan), HasSubstr("172.8 ns   124.8 ns    28.8 ns"));
}

TEST(PlanTest, MarksTheShortestStepThatFitsAllLayers) {
  EXPECT_STREQ(PlanOf(WithLayers({{32, 8}, {64, 32}})).best->name, "lanes");
  const Model model = WithLayers({{32, 8}, {8, 512}});
  EXPECT_STREQ(PlanOf(model).best->name, "hybrid");
  EXPECT_THAT(PlanText(model, PlanOf(model)), HasSubstr("lanes         doesn't fit"));
}

TEST(PlanTest, SaysWhatKeepsALayerOffWithNumberLimitAndWayOut) {
  const Model model = WithLayers({{512, 8}});
  const ModelPlan plan = PlanOf(model);
  EXPECT_EQ(plan.best, nullptr);
  const std::string text = PlanText(model, plan);
  EXPECT_THAT(text, HasSubstr("lanes         doesn't fit: 192 PLIOs to the PL, but the limit is 117; use another"));
  EXPECT_THAT(text, HasSubstr("but the limit is 32768; keep fewer weight sets resident"));
  EXPECT_THAT(text, HasSubstr("None of these fits all layers"));
}

TEST(PlanTest, RefusesCellsThatTheArrayHasNot) {
  const Model model = WithLayers({{32, 8}}, CellKind::kRnn);
  EXPECT_THAT(PlanText(model, PlanOf(model)),
              HasSubstr("doesn't fit: it is a plain RNN layer, and the array has none"));
}

TEST(PlanTest, TakesTheActivationThatTheModelAsksForAndTheMappingsThatHaveIt) {
  Model model = WithLayers({{32, 8}});
  model.activation = ActivationForm::kPolynomial;
  const ModelPlan plan = PlanOf(model);
  EXPECT_STREQ(plan.best->name, "lanes");
  EXPECT_NEAR(plan.layers[0].mappings[0].steady_ns(), 201.6, 0.01);
  EXPECT_THAT(PlanText(model, plan),
              AllOf(HasSubstr("PL: activations (polynomial)"), HasSubstr("32 units with 8 inputs, just its size"),
                    HasSubstr("--mapping=hybrid computes the activation lut")));
}

TEST(PlanTest, RefusesSizesBeyondItsArithmetic) {
  const Model model = WithLayers({{1, 1 << 24}});
  EXPECT_THAT(PlanText(model, PlanOf(model)), HasSubstr("1 units and 16777216 inputs, but the limit is 65536; use"));
}

TEST(PlanTest, ListsWhatThePsComputes) {
  Model model;
  DenseOp dense;
  dense.in.size = 3;
  dense.out.size = 2;
  model.ops = {dense, dense};
  EXPECT_THAT(PlanText(model, PlanOf(model)), HasSubstr("On the PS: dense 3 -> 2 (2 times).\nNo recurrent layer"));
}

TEST(PlanTest, FewerWeightSetsLeaveRoomForLargerLayers) {
  EXPECT_FALSE(PlanOf(WithLayers({{248, 8}}), "hybrid").layers[0].mappings[0].fits());
  EXPECT_TRUE(PlanOf(WithLayers({{248, 8}}), "hybrid", 1).layers[0].mappings[0].fits());
}

// The roles of the footprint are those that the picture finds in the graph.
TEST(RoleTest, IsTheSameInFootprintAndGraph) {
  for (const emu::Placement& built : emu::BuiltPlacements()) {
    const hw::PlannedShape shape{built.mapping, built.shape.cell, built.shape.hidden_size, built.shape.input_size, 2};
    std::map<hw::TileRole, int> planned, drawn;
    for (const hw::RoleTiles& role : hw::ComputeFootprint(shape).roles) planned[role.role] += role.tiles;
    const auto system = built.make(hw::Timing());
    ASSERT_TRUE(system.ok());
    for (const auto& node : (*system)->nodes().nodes) {
      if (node->kind == emu::Node::Kind::kKernel) ++drawn[RoleOf((*system)->nodes(), *node)];
    }
    EXPECT_EQ(planned, drawn) << built.mapping << " " << shape.hidden_size << " " << shape.input_size;
  }
}

TEST(PictureTest, NeedsABuiltSizeAndNamesTheNearest) {
  const ModelPlan plan = PlanOf(WithLayers({{120, 100}}), "lanes");
  const auto svg = PlanSvg("m", {&plan.layers[0].mappings[0]});
  EXPECT_EQ(svg.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(svg.status().message()),
              HasSubstr("no graph is built for 120 units, 100 inputs and 2 weight sets in --mapping=lanes; a picture "
                        "needs a built size, with 2 weight sets: the nearest are 128 units with 128 inputs, 64 units"));
}

TEST(PictureTest, EscapesNamesAndDrawsEachLayer) {
  const ModelPlan plan = PlanOf(WithLayers({{32, 8}, {30, 32}}), "lanes");
  const auto svg = PlanSvg("<a&b>", {&plan.layers[0].mappings[0]});
  ASSERT_TRUE(svg.ok()) << svg.status();
  EXPECT_THAT(*svg, Not(HasSubstr("<a&b>")));
  EXPECT_THAT(*svg, HasSubstr("&#60;a&#38;b&#62; on the 50 x 8 array, mapping lanes, modelled"));
}

TEST(SweepTest, HasANumberForWhatFitsAndADashForWhatDoesNot) {
  const std::string text = SweepText(*array::FindMappings("lanes"), hw::LaneCell::kGruAfter, 2);
  EXPECT_THAT(text, HasSubstr("\nH=32            124.8    124.8    124.8    124.8    126.4    228.8        -\n"));
  const std::string lstm = SweepText(*array::FindMappings("hybrid"), hw::LaneCell::kLstm, 2);
  EXPECT_THAT(lstm, HasSubstr("\nH=8                 -        -"));
}

}  // namespace
}  // namespace recurd
