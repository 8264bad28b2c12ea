#ifndef RECURD_HW_PL_GRU_FEEDER_H_
#define RECURD_HW_PL_GRU_FEEDER_H_

#include "hw/pl/pl_types.h"

namespace recurd {
namespace hw {

// Splits the x stream as the PS writes it (contract.h, Op): commands go both ways, input rows to the W tiles, state
// rows to the aggregator. Never returns.   Template: padded words of an input row and of a state row.   C++14.
template <int input_words, int hidden_words>
void gru_feeder(beat_stream& in, beat_stream& x, beat_stream& control) {
  uint64_t input_beats = 0;  // still to come
  int state_beats = 0;
  for (;;) {
#pragma HLS PIPELINE II = 1 style = flp
    beat_t beat = in.read();
    if (input_beats > 0) {
      --input_beats;
      x.write(beat);
    } else if (state_beats > 0) {
      --state_beats;
      control.write(beat);
    } else {
      const Command command = command_of(beat);
      const uint32_t op = OpOf(command.head);
      if (op == kOpRun) input_beats = static_cast<uint64_t>(command.steps) * (input_words / kBeatWords);
      if (op == kOpSwitch) state_beats = hidden_words / kBeatWords;
      control.write(beat);
      x.write(beat);
    }
    RECURD_PL_CLOCK();
  }
}

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_PL_GRU_FEEDER_H_
