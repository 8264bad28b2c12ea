#include "hw/emu/lanes_system.h"
#include "hw/emu/placement_sizes.h"

namespace recurd {
namespace emu {

std::vector<Placement> LanesPlacements() { return LanesSizes<LanesSystem, hw::LaneNumerics::kLut>(hw::kMappingLanes); }

}  // namespace emu
}  // namespace recurd
