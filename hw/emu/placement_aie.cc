#include "hw/emu/aie_system.h"
#include "hw/emu/placement_sizes.h"

namespace recurd {
namespace emu {

std::vector<Placement> AiePlacements() { return GruSizes<AieSystem>(hw::kMappingAie); }

}  // namespace emu
}  // namespace recurd
