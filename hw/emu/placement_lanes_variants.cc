#include "hw/emu/lanes_system.h"
#include "hw/emu/placement_sizes.h"

namespace recurd {
namespace emu {
namespace {

// Fewer sizes than the tables have: each costs compile time four times.
template <hw::ActivationForm activation>
void AddVariant(std::vector<Placement>* to) {
  AddLanes<LanesSystem, activation, 32, 8>(hw::kMappingLanes, to);
  AddLanes<LanesSystem, activation, 32, 64>(hw::kMappingLanes, to);
}

}  // namespace

std::vector<Placement> LanesVariantPlacements() {
  std::vector<Placement> sizes;
  AddVariant<hw::ActivationForm::kLutInterpolated>(&sizes);
  AddVariant<hw::ActivationForm::kPiecewiseLinear>(&sizes);
  AddVariant<hw::ActivationForm::kCordic>(&sizes);
  AddVariant<hw::ActivationForm::kPolynomial>(&sizes);
  return sizes;
}

}  // namespace emu
}  // namespace recurd
