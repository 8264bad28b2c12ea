#include "hw/emu/cascade_system.h"
#include "hw/emu/placement_sizes.h"

namespace recurd {
namespace emu {

std::vector<Placement> CascadePlacements() { return GruSizes<CascadeSystem>(hw::kMappingCascade); }

}  // namespace emu
}  // namespace recurd
