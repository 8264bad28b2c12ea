// A Vitis build of the lanes mapping, for the layer of design.h: one program a layer (CMakeLists.txt).
#include <gtest/gtest.h>

#include "hw/aie/graphs/design_config.h"
#include "hw/aie/graphs/rnn_lanes.h"
#include "hw/emu/graph_lint.h"
#include "hw/emu/lanes_system.h"
#include "tests/unit/hw/lanes_fixture.h"
#include "tests/unit/hw/vitis_linked.h"

extern recurd::hw::RnnLayer<recurd::hw::LanesDesignConfig> gru;

namespace recurd::emu {
namespace {

using hw::Design;

// Runs the graph that hw/aie/rnn_lanes.cc defines.
class TopLevel : public GruSystem {
 public:
  using GruSystem::GruSystem;
  const GraphNodes& nodes() const override { return gru.nodes(); }

 private:
  std::vector<Parameter> PortValues(const std::vector<GruWeights>&) const override { return {}; }
};

class VitisLanes : public VitisLinked<TopLevel> {
 public:
  VitisLanes() {
    EXPECT_TRUE(Elaborate().ok());
    AddUnit("lanes_core", {"control", "h", "v", "y"}, [this] {
      ::lanes_core(Port("lanes_core.control"), gates_, Port("lanes_core.h"), Port("lanes_core.v"),
                   Port("lanes_core.y"));
    });
    AddPorts("lanes_core.gates", gates_);
    JoinAll(ReadSystemCfg("lanes", Design::kHidden, Design::kCell == LaneCell::kLstm ? "lstm" : "gru"));
  }

 private:
  hw::beat_stream gates_[Design::kGateTiles];
};

// Both graphs have the same kernels in the same order.
void CopyParameters(const GraphNodes& from, const GraphNodes& to) {
  ASSERT_EQ(KernelCount(from), KernelCount(to));
  auto next = from.nodes.begin();
  for (const auto& node : to.nodes) {
    if (node->kind != Node::Kind::kKernel) continue;
    while ((*next)->kind != Node::Kind::kKernel) ++next;
    ASSERT_EQ((*next)->source, node->source);
    for (size_t i = 0; i < node->parameters.size(); ++i) {
      if (node->parameters[i] == nullptr) continue;
      node->parameters[i]->latest = (*next)->parameters[i]->latest;
      node->parameters[i]->written = true;
    }
    ++next;
  }
}

TEST(VitisLanesKernels, JoinedBySystemCfgGiveTheBitsOfTheServersReference) {
  constexpr int kSteps = 12;
  LaneModel model;
  model.Add(Design::kHidden, Design::kInput, Design::kCell, Design::kNumerics, 1);
  model.RandomizeState(7);
  const std::vector<float> x = RandomFloats(kSteps * Design::kInput, 3, 1), state = model.StateRow();
  CommandWriter writer;
  writer.Switch(2, 1, state.data(), Design::kStateWords);
  writer.Run(2, 0, 2, x.data(), kSteps, Design::kInput);

  auto lanes = LanesSystem<hw::LanesDesignConfig>::Make(hw::Timing());
  ASSERT_TRUE(lanes.ok()) << lanes.status();
  (*lanes)->SetWeights(std::vector<GruWeights>(Design::kSets, model.layers()[0].weights));
  VitisLanes vitis;
  CopyParameters((*lanes)->nodes(), vitis.nodes());
  const size_t before = 8 + Design::kStateWords, rows = kSteps * Design::kStateWords;
  const ScopedFlushToZero flush;
  EXPECT_EQ(Slice(vitis.Move(writer.Take(), before + rows), before, rows), model.Run(x.data(), kSteps));
}

TEST(VitisLanesGraph, FitsTheDeviceWithTheTilesThatTheLayoutNames) {
  EXPECT_EQ(LintGraph(gru.nodes()), std::vector<std::string>());
  EXPECT_EQ(KernelCount(gru.nodes()), hw::LanesDesignConfig::kTiles);
}

}  // namespace
}  // namespace recurd::emu
