#ifndef RECURD_HW_AIE_GRAPHS_DESIGN_CONFIG_H_
#define RECURD_HW_AIE_GRAPHS_DESIGN_CONFIG_H_

#include "hw/aie/graphs/gru_config.h"
#include "hw/aie/graphs/lanes_config.h"
#include "hw/config/design.h"

namespace recurd {
namespace hw {

// The layer of design.h as graphs take it. C++17.
using DesignConfig =
    GruConfig<Design::kHidden, Design::kInput, Design::kResetBefore ? Reset::kBefore : Reset::kAfter, Design::kSets>;
using LanesDesignConfig = LanesConfig<Design::kHidden, Design::kInput, Design::kCell, Design::kNumerics, Design::kSets>;

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_AIE_GRAPHS_DESIGN_CONFIG_H_
