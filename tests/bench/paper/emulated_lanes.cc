#include "tests/bench/paper/emulated_lanes.h"

#include "hw/emu/lanes_system.h"

namespace recurd::bench {
namespace {

using hw::LaneCell;
using hw::LaneNumerics;

constexpr int kSets = 2;

template <class Config>
absl::StatusOr<std::unique_ptr<emu::GruSystem>> Make(const hw::Timing& timing) {
  auto system = emu::LanesSystem<Config>::Make(timing);
  if (!system.ok()) return system.status();
  return std::unique_ptr<emu::GruSystem>(*std::move(system));
}

template <int hidden, int input, LaneCell cell, LaneNumerics numerics>
EmulatedLanes One() {
  return {{hidden, input, cell, numerics, kSets}, &Make<hw::LanesConfig<hidden, input, cell, numerics, kSets>>};
}

template <LaneNumerics numerics, int... inputs>
void AppendBoth(std::vector<EmulatedLanes>* all) {
  (all->push_back(One<32, inputs, LaneCell::kGruBefore, numerics>()), ...);
  (all->push_back(One<32, inputs, LaneCell::kGruAfter, numerics>()), ...);
}

}  // namespace

std::vector<EmulatedLanes> AllEmulatedLanes() {
  std::vector<EmulatedLanes> all;
  AppendBoth<LaneNumerics::kLut, 8, 64, 256>(&all);
  AppendBoth<LaneNumerics::kExact, 8, 64>(&all);
  all.push_back(One<128, 64, LaneCell::kGruAfter, LaneNumerics::kLut>());
  return all;
}

}  // namespace recurd::bench
