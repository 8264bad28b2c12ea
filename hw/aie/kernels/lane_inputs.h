#ifndef RECURD_HW_AIE_KERNELS_LANE_INPUTS_H_
#define RECURD_HW_AIE_KERNELS_LANE_INPUTS_H_

#include "hw/aie/kernels/lane_gate.h"

namespace recurd {
namespace hw {

// The tile for W where it has one of its own: it runs ahead of the gate's tile as far as the stream between them holds.
// `inputs` brings commands; after RUN, for each step a vector x. `sums` hands on the commands and W x + b.
// weights: [sets]{[words][8], [8] b}.   Returns on RELOAD.
template <int words, int sets>
void lane_inputs(input_stream<float>* __restrict inputs, output_stream<float>* __restrict sums,
                 const float (&weights)[sets * (words + 1) * 8]) {
  for (;;) {
    const command_words command = read_command(inputs);
    writeincr(sums, command.beat);
    if (command.op == kOpReload) return;
    const float* __restrict set = weights + command.weight_set * ((words + 1) * 8);
    for (uint32 step = 0; step < command.steps; ++step) {
      writeincr(sums, input_part<words>(inputs, set));
      chess_separator_scheduler();
    }
  }
}

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_AIE_KERNELS_LANE_INPUTS_H_
