#ifndef RECURD_HW_AIE_KERNELS_CASCADE_TO_STREAM_H_
#define RECURD_HW_AIE_KERNELS_CASCADE_TO_STREAM_H_

#include "hw/aie/kernels/command.h"

namespace recurd {
namespace hw {

// The end of a W chain: sums leave as a stream, because the gate's tile takes its one cascade from the U chain.
// Out go the command's four words and, for each vector, `words` sums.   Returns on RELOAD.
template <int words>
void cascade_to_stream(input_cascade<accfloat>* __restrict before, output_stream<float>* __restrict sums) {
  static_assert(words % kLanes == 0, "rows are padded to whole vectors");
  for (;;) {
    const command_words command = decode_command(readincr_v<8>(before).template to_vector<float>().extract<4>(0));
    writeincr(sums, command.beat);
    if (command.op == kOpReload) return;
    for (uint32 step = 0; step < command.steps; ++step) {
      for (int i = 0; i < words; i += 8) chess_prepare_for_pipelining chess_loop_range(1, ) {
          writeincr(sums, readincr_v<8>(before).template to_vector<float>());
        }
      chess_separator_scheduler();
    }
  }
}

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_AIE_KERNELS_CASCADE_TO_STREAM_H_
