#ifndef RECURD_HW_CONFIG_DESIGN_H_
#define RECURD_HW_CONFIG_DESIGN_H_

#include "hw/config/geometry.h"

// The layer that a Vitis build is for: hw/vitis/Makefile gives each macro. Without them it is the layer of
// deploy/models/digits_reset_before. C++14: read by the AIE compiler and by Vitis HLS.
#ifndef RECURD_HIDDEN
#define RECURD_HIDDEN 32
#endif
#ifndef RECURD_INPUT
#define RECURD_INPUT 8
#endif
#ifndef RECURD_RESET_BEFORE
#define RECURD_RESET_BEFORE 1
#endif
#ifndef RECURD_SETS
#define RECURD_SETS 2
#endif

namespace recurd {
namespace hw {

struct Design {
  static constexpr int kHidden = RECURD_HIDDEN;
  static constexpr int kInput = RECURD_INPUT;
  static constexpr bool kResetBefore = RECURD_RESET_BEFORE != 0;  // the matrix: gru_config.h, Reset
  static constexpr int kSets = RECURD_SETS;                       // resident weight sets
  static constexpr int kRowPorts = kHidden / RowReuse(kHidden);   // hybrid: interface tiles that bring rows
};
static_assert(Design::kHidden > 0 && Design::kInput > 0 && Design::kSets > 0, "sizes count from one");

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_CONFIG_DESIGN_H_
