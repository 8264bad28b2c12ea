#ifndef RECURD_TESTS_VIRTUAL_BOARD_XCLBIN_WRITER_H_
#define RECURD_TESTS_VIRTUAL_BOARD_XCLBIN_WRITER_H_

#include <array>
#include <cstdint>
#include <string>

#include "hw/emu/placement.h"

namespace recurd {
namespace virtual_board {

// What an xclbin holds. kFull: PL, array, metadata. kPl: PL and metadata (UG1076, PL-only xclbin). kAie: the array, and
// the mark that makes zocl load it (AIE-only xclbin). kForeign: as kFull, of somebody's design whose kernels have our
// names.
enum class XclbinKind { kFull, kPl, kAie, kForeign };

struct XclbinOptions {
  const emu::Placement* placement = nullptr;
  uint32_t build_id = 1;
  XclbinKind kind = XclbinKind::kFull;
  // All zeros: made of the design and the kind, so that equal options give equal files.
  std::array<uint8_t, 16> uuid = {};
};

// An AXLF container as XRT's xclbin.h describes it: little-endian, magic "xclbin2", section headers, sections at
// multiples of eight bytes. In place of BITSTREAM and PDI stands the text of design.h.
std::string MakeXclbin(const XclbinOptions& options);

}  // namespace virtual_board
}  // namespace recurd

#endif  // RECURD_TESTS_VIRTUAL_BOARD_XCLBIN_WRITER_H_
