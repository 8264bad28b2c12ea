#ifndef RECURD_TESTS_VIRTUAL_BOARD_DESIGN_H_
#define RECURD_TESTS_VIRTUAL_BOARD_DESIGN_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "hw/emu/placement.h"

namespace recurd {
namespace virtual_board {

// What stands in an xclbin in place of a bitstream, or of the array's PDI: which design that would be. As text:
//   recurd design 1
//   mapping 4
//   activation 0
//   hidden 32
//   input 8
//   cell 1
//   build 7
// The numbers are those of hw::Mapping, hw::ActivationForm, hw::LaneCell. A foreign design is any other text.
struct Design {
  const emu::Placement* placement = nullptr;  // null: foreign
  uint32_t build_id = 0;

  bool operator==(const Design&) const = default;
};

std::string DesignText(const emu::Placement& placement, uint32_t build_id);
// Errors: INVALID_ARGUMENT if it is ours but no placement that was built.
absl::StatusOr<Design> ParseDesign(std::string_view text);

// Names on the card: those of hw/vitis.
inline constexpr char kControlKernel[] = "control";
inline constexpr char kFetchKernel[] = "fetch";
inline constexpr char kStoreKernel[] = "store";
inline constexpr char kGraph[] = "gru";
// Where HLS puts the arguments of both movers: a ring and its beats.   Source: UG1399, S_AXILITE Register Map.
inline constexpr uint32_t kRingArgument = 0x10, kBeatsArgument = 0x1c;

}  // namespace virtual_board
}  // namespace recurd

#endif  // RECURD_TESTS_VIRTUAL_BOARD_DESIGN_H_
