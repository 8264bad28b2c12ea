#include "hw/emu/hybrid_system.h"
#include "hw/emu/placement_sizes.h"

namespace recurd {
namespace emu {

std::vector<Placement> HybridPlacements() { return GruSizes<HybridSystem>(hw::kMappingHybrid); }

}  // namespace emu
}  // namespace recurd
