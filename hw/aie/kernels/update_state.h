#ifndef RECURD_HW_AIE_KERNELS_UPDATE_STATE_H_
#define RECURD_HW_AIE_KERNELS_UPDATE_STATE_H_

#include "hw/aie/kernels/command.h"

namespace recurd {
namespace hw {

// Holds the states and blends: h' = fma(h - n, z, n), z keeping the old state (ONNX's convention).
// `gates` brings commands; after SWITCH one state row; after RUN, for each step, z and then n.
// `states` hands commands and, for each step, the state before it to the U tiles. `results` echoes commands; SWITCH is
// followed by the slot's old state, RUN by the state after each step. Rows are `words` long, padded with zeros.
// Slots are zero when an invocation begins.   Returns on RELOAD, once `gates` has brought it again: every row has
// answered then, and only then `results` echoes it.
template <int words>
void update_state(input_stream<float>* __restrict gates, output_stream<float>* __restrict states,
                  output_stream<float>* __restrict results) {
  static_assert(words % kLanes == 0, "rows are padded to whole vectors");
  alignas(32) float slots[kStateSlots * words];
  alignas(32) float z[words];
  for (int i = 0; i < kStateSlots * words; i += 8) aie::store_v(slots + i, aie::broadcast<float, 8>(0.0f));
  for (;;) {
    const command_words command = read_command(gates);
    writeincr(states, command.beat);
    if (command.op == kOpReload) {
      writeincr(results, readincr_v<4>(gates));
      return;
    }
    writeincr(results, command.beat);
    float* __restrict h = slots + command.slot % kStateSlots * words;
    if (command.op == kOpSwitch) {
      for (int i = 0; i < words; i += 4) {
        writeincr(results, aie::load_v<4>(h + i));
        aie::store_v(h + i, readincr_v<4>(gates));
      }
      chess_separator_scheduler();
    }
    if (command.steps == 0) continue;
    for (int i = 0; i < words; i += 4) writeincr(states, aie::load_v<4>(h + i));
    for (uint32 step = 1; step <= command.steps; ++step) {
      for (int i = 0; i < words; i += 4) aie::store_v(z + i, readincr_v<4>(gates));
      chess_separator_scheduler();
      for (int i = 0; i < words; i += 8) chess_prepare_for_pipelining chess_loop_range(1, ) {
          aie::vector<float, 8> n;
          n.insert(0, readincr_v<4>(gates));
          n.insert(1, readincr_v<4>(gates));
          const aie::accum<accfloat, 8> base(n);
          const aie::vector<float, 8> change = aie::sub(aie::load_v<8>(h + i), n);
          const aie::vector<float, 8> next = aie::mac(base, change, aie::load_v<8>(z + i)).template to_vector<float>();
          aie::store_v(h + i, next);
          if (step < command.steps) writeincr(states, next);
          writeincr(results, next);
        }
      chess_separator_scheduler();
    }
  }
}

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_AIE_KERNELS_UPDATE_STATE_H_
