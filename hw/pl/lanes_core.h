#ifndef RECURD_HW_PL_LANES_CORE_H_
#define RECURD_HW_PL_LANES_CORE_H_

#include "hw/pl/lanes_types.h"

namespace recurd {
namespace hw {

inline void pass_beats(beat_stream& from, beat_stream& to, int count) {
  for (int beat = 0; beat < count; ++beat) {
#pragma HLS PIPELINE II = 1 style = flp
    to.write(from.read());
    RECURD_PL_CLOCK();
  }
}

// The state to the tiles, before a RUN's first step.
template <class Cell>
void send_state(beat_stream& h, beat_stream& v, const float (&state)[Cell::kStateWords]) {
  for (int beat = 0; beat < Cell::kWords / kBeatWords; ++beat) {
#pragma HLS PIPELINE II = 1 style = flp
    h.write(beat_at(state, beat));
    if (Cell::kCandidateTakesState) v.write(beat_at(state, beat));
    RECURD_PL_CLOCK();
  }
}

// A state in, the old one out. In a stack the other layers' rows come between, and the old one goes behind them.
template <class Cell>
void exchange_state(beat_stream& control, beat_stream& y, float (&state)[Cell::kStateWords], int other_beats) {
  float old[Cell::kStateWords];
  for (int beat = 0; beat < Cell::kStateWords / kBeatWords; ++beat) {
#pragma HLS PIPELINE II = 1 style = flp
    const lane_beat row = lanes_of(control.read());
    for (int i = 0; i < kBeatWords; ++i) {
#pragma HLS UNROLL
      old[kBeatWords * beat + i] = state[kBeatWords * beat + i];
      state[kBeatWords * beat + i] = row.lane[i];
    }
    if (other_beats == 0) y.write(beat_at(old, beat));
    RECURD_PL_CLOCK();
  }
  if (other_beats == 0) return;
  pass_beats(control, y, other_beats);
  for (int beat = 0; beat < Cell::kStateWords / kBeatWords; ++beat) {
#pragma HLS PIPELINE II = 1 style = flp
    y.write(beat_at(old, beat));
    RECURD_PL_CLOCK();
  }
}

// What the lanes mapping does in the PL for one layer: holds the states, sends them to the tiles, and makes of what the
// tiles answer the next ones.
//   control: commands; after SWITCH the state rows of all layers, in a turn that begins with this one's; in a stack,
//   after RUN, for each step the state rows of the layers before.
//   rows: from the tiles. h, v: to them.
//   y: commands, each RELOAD once all tiles have answered it; after SWITCH the other layers' rows as they came, then
//   this one's old state, so that behind the last layer all old states stand in order; after RUN, for each step, the
//   state rows of the layers before and this one's. In this form it is what the next layer's lanes_feeder reads.
// Cell: lanes_gru or lanes_lstm. before_words, other_words: state words of the layers before; of all others.
// hidden: rows that count; the rest stay zero.   Never returns.   C++14.
template <class Cell, int before_words, int other_words>
void lanes_core(beat_stream& control, beat_stream (&rows)[Cell::kTiles], beat_stream& h, beat_stream& v, beat_stream& y,
                int hidden) {
#pragma HLS ARRAY_PARTITION variable = rows complete
  float slots[kStateSlots][Cell::kStateWords] = {};
#pragma HLS ARRAY_PARTITION variable = slots cyclic factor = 4 dim = 2
  Cell cell;
  for (;;) {
    beat_t command_beat = control.read();
    RECURD_PL_CLOCK();
    const Command command = command_of(command_beat);
    const uint32_t op = OpOf(command.head);
    const uint32_t slot = SlotOf(command.head) % kStateSlots;
    if (op == kOpReload) {
      for (int tile = 0; tile < Cell::kTiles; ++tile) {
#pragma HLS UNROLL
        rows[tile].read();
      }
      for (int i = 0; i < kStateSlots; ++i) {
        for (int word = 0; word < Cell::kStateWords; ++word) slots[i][word] = 0;
      }
    }
    y.write(command_beat);
    if (op == kOpSwitch) exchange_state<Cell>(control, y, slots[slot], other_words / kBeatWords);
    if (op != kOpRun || command.steps == 0) continue;
    send_state<Cell>(h, v, slots[slot]);
    for (uint32_t step = 1; step <= command.steps; ++step) {
      pass_beats(control, y, before_words / kBeatWords);
      cell.step(rows, h, v, y, slots[slot], step == command.steps, hidden);
    }
  }
}

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_PL_LANES_CORE_H_
