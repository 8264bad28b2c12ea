#ifndef RECURD_HW_EMU_PLACEMENT_SIZES_H_
#define RECURD_HW_EMU_PLACEMENT_SIZES_H_

#include <memory>
#include <utility>
#include <vector>

#include "hw/aie/graphs/gru_config.h"
#include "hw/aie/graphs/lanes_config.h"
#include "hw/emu/placement.h"

namespace recurd {
namespace emu {

// What each mapping is built for. One file a mapping: placement_<mapping>.cc.
std::vector<Placement> HybridPlacements();
std::vector<Placement> AiePlacements();
std::vector<Placement> CascadePlacements();
std::vector<Placement> LanesPlacements();
std::vector<Placement> LanesExactPlacements();
std::vector<Placement> LanesVariantPlacements();

template <class System>
absl::StatusOr<std::unique_ptr<GruSystem>> MakeSystem(const hw::Timing& timing) {
  auto system = System::Make(timing);
  if (!system.ok()) return system.status();
  return std::unique_ptr<GruSystem>(*std::move(system));
}

// Both forms of a GRU.
template <template <class> class System, int hidden, int input>
void AddGrus(hw::Mapping mapping, std::vector<Placement>* to) {
  using Before = hw::GruConfig<hidden, input, hw::Reset::kBefore>;
  using After = hw::GruConfig<hidden, input, hw::Reset::kAfter>;
  constexpr int words = hw::PaddedWords(input);
  constexpr auto tables = hw::ActivationForm::kLut;
  to->push_back(
      {mapping, tables, {hidden, words, hw::LaneCell::kGruBefore}, &MakeSystem<System<Before>>, Before::kSets});
  to->push_back({mapping, tables, {hidden, words, hw::LaneCell::kGruAfter}, &MakeSystem<System<After>>, After::kSets});
}

// The sizes of all mappings that GruConfig describes; each costs about a second of compile time a mapping. The first is
// that of the shipped models; with 64 units a row-wise mapping uses each tile for two rows.
template <template <class> class System>
std::vector<Placement> GruSizes(hw::Mapping mapping) {
  std::vector<Placement> sizes;
  AddGrus<System, 32, 8>(mapping, &sizes);
  AddGrus<System, 32, 64>(mapping, &sizes);
  AddGrus<System, 64, 64>(mapping, &sizes);
  return sizes;
}

// GRUs and an LSTM.
template <template <class...> class System, hw::LaneNumerics numerics, int hidden, int input>
void AddLanes(hw::Mapping mapping, std::vector<Placement>* to) {
  using Before = hw::LanesConfig<hidden, input, hw::LaneCell::kGruBefore, numerics>;
  using After = hw::LanesConfig<hidden, input, hw::LaneCell::kGruAfter, numerics>;
  using Lstm = hw::LanesConfig<hidden, input, hw::LaneCell::kLstm, numerics>;
  constexpr int words = hw::PaddedWords(input);
  to->push_back(
      {mapping, numerics, {hidden, words, hw::LaneCell::kGruBefore}, &MakeSystem<System<Before>>, Before::kSets});
  to->push_back(
      {mapping, numerics, {hidden, words, hw::LaneCell::kGruAfter}, &MakeSystem<System<After>>, After::kSets});
  to->push_back({mapping, numerics, {hidden, words, hw::LaneCell::kLstm}, &MakeSystem<System<Lstm>>, Lstm::kSets});
}

template <template <class...> class System, hw::LaneNumerics numerics>
std::vector<Placement> LanesSizes(hw::Mapping mapping) {
  std::vector<Placement> sizes;
  AddLanes<System, numerics, 32, 8>(mapping, &sizes);
  AddLanes<System, numerics, 32, 64>(mapping, &sizes);
  AddLanes<System, numerics, 64, 64>(mapping, &sizes);
  AddLanes<System, numerics, 128, 128>(mapping, &sizes);
  return sizes;
}

}  // namespace emu
}  // namespace recurd

#endif  // RECURD_HW_EMU_PLACEMENT_SIZES_H_
