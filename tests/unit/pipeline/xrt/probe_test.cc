#include "server/pipeline/xrt/probe.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/pipeline/array/placer.h"
#include "tests/unit/pipeline/xrt/fake_device.h"

namespace recurd::board {
namespace {

using testing::HasSubstr;
using testing::Not;

// The modelled step of FakeDevice's design.
double ModelledNs(const hw::Timing& timing) {
  const emu::Placement* placement = emu::FindPlacement(hw::kMappingLanes, {32, 8, hw::LaneCell::kGruAfter});
  return array::Emulate(*placement, timing).value().modelled.steady_ns;
}

ProbeReport ProbeWithSteps(double step_ns) {
  TickingClock clock;
  auto device = std::make_unique<FakeDevice>(32, 8);
  device->clock = &clock;
  device->step_ns = step_ns;
  return Probe(std::move(device), clock).value();
}

TEST(ProbeTest, TheCrossingIsTheOneThatExplainsTheMeasuredStep) {
  hw::Timing slow;
  slow.cdc_to_aie = slow.cdc_to_pl = 40;
  const ProbeReport report = ProbeWithSteps(ModelledNs(slow));
  EXPECT_NEAR(report.steady_ns, ModelledNs(slow), 1);
  EXPECT_DOUBLE_EQ(report.modelled_steady_ns, ModelledNs({}));
  ASSERT_TRUE(report.crossing.has_value());
  hw::Timing found;
  EXPECT_EQ(hw::OverrideTiming(TimingFile(report, "today"), &found), "");
  EXPECT_EQ(found.cdc_to_aie, *report.crossing);
  EXPECT_NEAR(ModelledNs(found), ModelledNs(slow), 1);
}

TEST(ProbeTest, AStepThatNoCrossingExplainsLeavesTheConstantsAlone) {
  for (const double step_ns : {1.0, 1e6}) {
    const ProbeReport report = ProbeWithSteps(step_ns);
    EXPECT_FALSE(report.crossing.has_value()) << step_ns;
    const std::string text = TimingFile(report, "today");
    EXPECT_THAT(text, Not(HasSubstr("cdc_to_aie =")));
    hw::Timing same;
    EXPECT_EQ(hw::OverrideTiming(text, &same), "");
    EXPECT_EQ(same.cdc_to_aie, hw::Timing().cdc_to_aie);
  }
}

TEST(ProbeTest, CostsAreOffTheClock) {
  const ProbeReport report = ProbeWithSteps(100);
  EXPECT_EQ(report.read_ns, 0.1);  // the clock goes on by 100 ns when it is looked at: once in 1000 reads
  EXPECT_GT(report.doorbell_ns, 100);
  EXPECT_GT(report.first_ns, report.doorbell_ns);
  EXPECT_EQ(report.put_words, 12u);
  EXPECT_EQ(report.get_words, 36u);
}

}  // namespace
}  // namespace recurd::board
