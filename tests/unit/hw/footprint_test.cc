// The footprint of a layer beside what its graph takes, for every graph that is built.
#include "hw/model/footprint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <utility>

#include "hw/emu/graph_lint.h"
#include "hw/emu/placement.h"
#include "hw/emu/step_times.h"
#include "hw/model/occupancy.h"

namespace recurd::emu {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

hw::PlannedShape ShapeOf(const Placement& built) {
  return {built.mapping, built.shape.cell, built.shape.hidden_size, built.shape.input_size, 2};
}

int FullestTile(const GraphNodes& graph) {
  int bytes = 0;
  for (const auto& node : graph.nodes) {
    if (node->kind == Node::Kind::kKernel) bytes = std::max(bytes, DataBytes(*node));
  }
  return bytes;
}

int CountNets(const GraphNodes& graph, std::set<PortKind> kinds) {
  std::set<std::pair<const Node*, int>> nets;
  for (const auto& edge : graph.edges) {
    if (kinds.count(edge->kind) > 0) nets.insert({edge->from, edge->out});
  }
  return static_cast<int>(nets.size());
}

class BuiltTest : public ::testing::TestWithParam<size_t> {
 protected:
  const Placement& built() const { return BuiltPlacements()[GetParam()]; }
};

TEST_P(BuiltTest, TakesWhatItsGraphTakes) {
  const auto system = built().make(hw::Timing());
  ASSERT_TRUE(system.ok()) << system.status();
  const GraphNodes& graph = (*system)->nodes();
  const hw::Footprint print = hw::ComputeFootprint(ShapeOf(built()));
  const Resources resources = CountResources(graph);
  EXPECT_EQ(print.tiles(), resources.tiles);
  EXPECT_EQ(print.plios_in + print.plios_out, resources.plios);
  EXPECT_EQ(print.data_bytes(), FullestTile(graph));
  EXPECT_EQ(print.streams, CountNets(graph, {PortKind::kStream, PortKind::kPacket}));
  EXPECT_EQ(print.cascades, CountNets(graph, {PortKind::kCascade}));
  int64_t most_bytes = 0;
  for (const hw::RoleTiles& role : print.roles) most_bytes += int64_t{role.tiles} * role.data_bytes;
  EXPECT_GE(most_bytes, resources.data_bytes);
}

// The closed form's promise: two PL cycles.
TEST_P(BuiltTest, TakesTheTimesThatTheEmulatorFinds) {
  const hw::Timing timing;
  GruWeights zeros;
  zeros.hidden_size = built().shape.hidden_size;
  zeros.input_size = built().shape.input_size;
  const size_t rows = static_cast<size_t>(hw::LaneGates(built().shape.cell)) * zeros.hidden_size;
  zeros.input.resize(rows * zeros.input_size);
  zeros.recurrent.resize(rows * zeros.hidden_size);
  zeros.bias.resize(rows);
  zeros.recurrent_bias.resize(zeros.hidden_size);
  const auto times = RunStepTimes(built().make, timing, zeros, built().shape.StateWords(), 20);
  ASSERT_TRUE(times.ok()) << times.status();
  const hw::ClosedForm form = hw::FormOf(ShapeOf(built()), timing);
  EXPECT_NEAR(static_cast<double>(form.steady), times->steady, 2.0 * static_cast<double>(timing.pl_clock));
  EXPECT_NEAR(static_cast<double>(form.first), static_cast<double>(times->first), 2.0 * timing.pl_clock);
  EXPECT_NEAR(static_cast<double>(form.switch_in), static_cast<double>(times->switch_in), 2.0 * timing.pl_clock);
}

TEST_P(BuiltTest, FitsAsTheLintSays) { EXPECT_EQ(hw::FootprintLimit(ShapeOf(built())), ""); }

TEST_P(BuiltTest, HoldsNoResourceLongerThanAStep) {
  const hw::Timing timing;
  const hw::ClosedForm form = hw::FormOf(ShapeOf(built()), timing);
  for (const hw::Part& part : hw::Occupancies(ShapeOf(built()), timing)) {
    EXPECT_GE(part.cycles, 0) << part.name;
    EXPECT_LE(part.cycles, form.steady) << part.name;
  }
}

INSTANTIATE_TEST_SUITE_P(All, BuiltTest, ::testing::Range<size_t>(0, BuiltPlacements().size()));

TEST(FootprintLimitTest, NamesNumberLimitAndWayOut) {
  EXPECT_THAT(hw::FootprintLimit({hw::kMappingHybrid, hw::LaneCell::kGruAfter, 256, 8, 2}),
              AllOf(HasSubstr("bytes of data memory in the fullest tile, but the limit is 32768"),
                    HasSubstr("keep fewer weight sets resident")));
  EXPECT_EQ(hw::FootprintLimit({hw::kMappingHybrid, hw::LaneCell::kGruBefore, 248, 8, 1}), "");
  EXPECT_THAT(hw::FootprintLimit({hw::kMappingLanes, hw::LaneCell::kGruAfter, 320, 8, 1}),
              StartsWith("120 PLIOs to the PL, but the limit is 117"));
  EXPECT_THAT(hw::FootprintLimit({hw::kMappingCascade, hw::LaneCell::kGruAfter, 32, 400, 2}),
              StartsWith("51 columns of a chain, but the limit is 50"));
}

TEST(CopiesTest, EndWhereTheFirstResourceDoes) {
  const hw::Copies lanes =
      hw::CountCopies(hw::ComputeFootprint({hw::kMappingLanes, hw::LaneCell::kGruAfter, 32, 8, 2}));
  EXPECT_EQ(lanes.count, 9);
  EXPECT_EQ(hw::CountCopies(hw::ComputeFootprint({hw::kMappingHybrid, hw::LaneCell::kGruAfter, 32, 8, 2})).count, 1);
}

TEST(InterleavingTest, EndsAtTheSlowestResourceAndNeedsASlotASession) {
  const hw::PlannedShape shape{hw::kMappingAie, hw::LaneCell::kGruBefore, 32, 8, 2};
  const hw::Interleaving aie = hw::PlanInterleaving(shape, hw::Timing());
  EXPECT_STREQ(aie.resource, "aggregator tiles");
  EXPECT_GE(aie.sessions * aie.period, hw::FormOf(shape, hw::Timing()).steady);
  const hw::PlannedShape exact{hw::kMappingLanesExact, hw::LaneCell::kGruBefore, 8, 8, 2};
  EXPECT_LE(hw::PlanInterleaving(exact, hw::Timing()).sessions, hw::kStateSlots);
}

TEST(PlannedUnitsTest, FillUpWhereTilesServeSeveralRows) {
  EXPECT_EQ(hw::PlannedUnits(hw::kMappingHybrid, 29), 29);
  EXPECT_EQ(hw::PlannedUnits(hw::kMappingHybrid, 37), 40);
  EXPECT_EQ(hw::PlannedUnits(hw::kMappingLanes, 29), 32);
}

}  // namespace
}  // namespace recurd::emu
