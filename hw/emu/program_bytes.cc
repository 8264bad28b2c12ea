#include "hw/emu/program_bytes.h"

namespace recurd {
namespace emu {
namespace {

constexpr int kInstructionBytes = 16;

ProgramEstimate Assumed(const char* source, int instructions) {
  return {source, instructions * kInstructionBytes, hw::Certainty::kAssumed};
}

}  // namespace

const std::vector<ProgramEstimate>& ProgramEstimates() {
  static const std::vector<ProgramEstimate> estimates = {
      Assumed("bias_id.cc", 140),
      Assumed("cascade_gate.cc", 300),  // four vectors of rows and the rest of up to three, unrolled
      Assumed("cascade_to_stream.cc", 90),
      Assumed("column_block.cc", 280),  // likewise
      Assumed("column_block_reset.cc", 340),
      Assumed("dot_row.cc", 240),  // up to eight rows, unrolled
      Assumed("dot_row_reset.cc", 340),
      Assumed("lane_gate.cc", 330),  // two products; the exponential's core where it ends in one
      Assumed("lane_inputs.cc", 130),
      Assumed("lane_split.cc", 380),
      Assumed("sort_rows.cc", 200),
      Assumed("update_state.cc", 200),
  };
  return estimates;
}

}  // namespace emu
}  // namespace recurd
