#ifndef RECURD_HW_PL_PL_TYPES_H_
#define RECURD_HW_PL_PL_TYPES_H_

#include <ap_axi_sdata.h>
#include <ap_int.h>
#include <hls_stream.h>

#include "hw/config/contract.h"

// An iteration of a PIPELINE II=1 loop is a cycle under Vitis; the emulator's hls_stream.h says so by this word.
#ifndef RECURD_PL_CLOCK
#define RECURD_PL_CLOCK()
#endif

// RECURD_PL_LATER(cycles, writes): what the operators of an iteration take until its writes. RECURD_PL_DRAIN(cycles):
// and a loop behind its last iteration. The emulator's hls_stream.h defines them; under Vitis the operators speak for
// themselves.
#ifndef RECURD_PL_LATER
#define RECURD_PL_LATER(cycles, writes) writes
#define RECURD_PL_DRAIN(cycles)
#endif

// Pipelines of streams flush (style = flp): a stalling one would keep results back until the next input comes, and that
// may wait for them. Source: UG1399, Flushing Pipelines.
namespace recurd {
namespace hw {

typedef ap_axiu<128, 0, 0, 0> beat_t;
typedef hls::stream<beat_t> beat_stream;

inline uint32_t word_of(beat_t& beat, int index) {
#pragma HLS INLINE
  return static_cast<uint32_t>(beat.data(32 * index + 31, 32 * index));
}

inline Command command_of(beat_t& beat) {
#pragma HLS INLINE
  Command command = {word_of(beat, 0), word_of(beat, 1), word_of(beat, 2), word_of(beat, 3)};
  return command;
}

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_PL_PL_TYPES_H_
