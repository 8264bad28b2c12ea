#ifndef RECURD_HW_PL_LANES_FEEDER_H_
#define RECURD_HW_PL_LANES_FEEDER_H_

#include "hw/pl/pl_types.h"

namespace recurd {
namespace hw {

// In front of a layer of any mapping: commands go to its tiles (x) and to what holds its states or leads to them
// (control), input rows to the tiles, state rows to control. An only layer, or the first of a stack, reads what the PS
// writes (contract.h, Op). Another one reads the results of the layers before it, of which it passes everything on and
// takes the last one's h for its input.
// Template, in words, padded: a row of x; the state rows of the layers before, in all, and where in them x begins; the
// state rows of all layers.   Never returns.   C++14.
template <int input_words, int before_words, int input_begin, int all_state_words>
void lanes_feeder(beat_stream& in, beat_stream& x, beat_stream& control) {
  constexpr int row_beats = (before_words == 0 ? input_words : before_words) / kBeatWords;
  constexpr int first = input_begin / kBeatWords, last = first + input_words / kBeatWords - 1;
  uint64_t rows_left = 0;
  int beat = 0, state_beats = 0;
  for (;;) {
#pragma HLS PIPELINE II = 1 style = flp
    beat_t data = in.read();
    if (rows_left > 0) {
      if (before_words != 0) control.write(data);
      if (beat >= first && beat <= last) x.write(data);
      if (++beat == row_beats) {
        beat = 0;
        --rows_left;
      }
    } else if (state_beats > 0) {
      --state_beats;
      control.write(data);
    } else {
      const Command command = command_of(data);
      const uint32_t op = OpOf(command.head);
      if (op == kOpRun) rows_left = command.steps;
      if (op == kOpSwitch) state_beats = all_state_words / kBeatWords;
      control.write(data);
      x.write(data);
    }
    RECURD_PL_CLOCK();
  }
}

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_PL_LANES_FEEDER_H_
