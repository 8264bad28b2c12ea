#ifndef RECURD_HW_CONFIG_DESIGN_H_
#define RECURD_HW_CONFIG_DESIGN_H_

#include "hw/config/geometry.h"
#include "hw/config/lanes.h"

// The layer that a Vitis build is for: hw/vitis/Makefile gives each macro. Without them it is the layer of
// deploy/models/digits_reset_before. C++14: read by the AIE compiler and by Vitis HLS.
#ifndef RECURD_MAPPING
#define RECURD_MAPPING kMappingHybrid
#endif
#ifndef RECURD_BUILD_ID
#define RECURD_BUILD_ID 0
#endif
#ifndef RECURD_HIDDEN
#define RECURD_HIDDEN 32
#endif
#ifndef RECURD_INPUT
#define RECURD_INPUT 8
#endif
#ifndef RECURD_RESET_BEFORE
#define RECURD_RESET_BEFORE 1
#endif
#ifndef RECURD_LSTM
#define RECURD_LSTM 0
#endif
#ifndef RECURD_NUMERICS
#define RECURD_NUMERICS kLut
#endif
#ifndef RECURD_SETS
#define RECURD_SETS 2
#endif

namespace recurd {
namespace hw {

struct Design {
  static constexpr Mapping kMapping = RECURD_MAPPING;
  static constexpr uint32_t kBuildId = RECURD_BUILD_ID;  // whoever builds gives it
  static constexpr int kHidden = RECURD_HIDDEN;
  static constexpr int kInput = RECURD_INPUT;
  static constexpr bool kResetBefore = RECURD_RESET_BEFORE != 0;  // the matrix: gru_config.h, Reset
  static constexpr int kSets = RECURD_SETS;                       // resident weight sets
  static constexpr int kRowPorts = kHidden / RowReuse(kHidden);   // hybrid: interface tiles that bring rows

  // What only the lanes mapping has; all others are GRUs with tables.
  static constexpr LaneCell kCell = RECURD_LSTM != 0 ? LaneCell::kLstm
                                    : kResetBefore   ? LaneCell::kGruBefore
                                                     : LaneCell::kGruAfter;
  static constexpr LaneNumerics kNumerics = LaneNumerics::RECURD_NUMERICS;
  static constexpr int kGateTiles =
      LaneGates(kCell) * PaddedWords(kHidden) / kLanes;  // interface tiles that bring rows
  static constexpr int kStateWords = LaneStateWords(kCell, kHidden);
};
static_assert(Design::kHidden > 0 && Design::kInput > 0 && Design::kSets > 0, "sizes count from one");

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_CONFIG_DESIGN_H_
