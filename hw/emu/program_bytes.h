#ifndef RECURD_HW_EMU_PROGRAM_BYTES_H_
#define RECURD_HW_EMU_PROGRAM_BYTES_H_

#include <string>
#include <vector>

#include "hw/config/timing.h"

namespace recurd {
namespace emu {

// The program memory that a kernel takes, at the largest size that its mapping fits. Nothing here was compiled for a
// tile, so all of it is assumed. Counted off the sources: an instruction is 16 bytes (known: AM009 AI Engine
// Interfaces), a stream access, vector operation, load, store or scalar operation takes one, waiting for a result takes
// one a cycle (timing.h), a pipelined loop has its body three times (prologue, loop, epilogue), a branch takes six. The
// compiler packs several operations into one instruction, so the counts err upwards.
struct ProgramEstimate {
  std::string source;  // as in adf::source
  int bytes;
  hw::Certainty certainty;
};
const std::vector<ProgramEstimate>& ProgramEstimates();

// What every tile has besides its kernel: start-up code, and the loop that invokes it and locks its parameters.
constexpr int kMainProgramBytes = 2048;  // assumed: no document

}  // namespace emu
}  // namespace recurd

#endif  // RECURD_HW_EMU_PROGRAM_BYTES_H_
