#include "hw/emu/lanes_system.h"
#include "hw/emu/placement_sizes.h"

namespace recurd {
namespace emu {

std::vector<Placement> LanesExactPlacements() {
  return LanesSizes<LanesSystem, hw::LaneNumerics::kExact>(hw::kMappingLanesExact);
}

}  // namespace emu
}  // namespace recurd
