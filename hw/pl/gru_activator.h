#ifndef RECURD_HW_PL_GRU_ACTIVATOR_H_
#define RECURD_HW_PL_GRU_ACTIVATOR_H_

#include "hw/pl/activation_lut.h"
#include "hw/pl/pl_types.h"

namespace recurd {
namespace hw {

// Streams in arrays are chosen by constants only, so that HLS makes ports of them.
inline beat_t read_gate(beat_stream indices[kGates], int gate) {
#pragma HLS INLINE
  beat_t beat;
  for (int port = 0; port < kGates; ++port) {
#pragma HLS UNROLL
    if (port == gate) beat = indices[port].read();
  }
  return beat;
}

// Four indices into four values; words behind the last row are zero.
template <int hidden_size>
beat_t look_up(beat_t& indices, const float (&table)[kLutWords], int first_row) {
#pragma HLS INLINE
  beat_t values;
  for (int i = 0; i < kBeatWords; ++i) {
#pragma HLS UNROLL
    const uint32_t index = word_of(indices, i);
    uint32_t bits = 0;
    if (first_row + i < hidden_size && index < kLutWords) __builtin_memcpy(&bits, &table[index], sizeof(bits));
    values.data(32 * i + 31, 32 * i) = bits;
  }
  values.keep = 0xffff;
  values.last = 0;
  return values;
}

// The cascade mapping's PL kernel. Whole vectors of indices arrive in order, so there is nothing to sort and no id to
// decode: four words a cycle are looked up and leave. Tables are needed four times a cycle: two dual-ported copies
// each.
//   control: commands and state rows, from the feeder. indices: r, z, n.
//   r: reset vectors. zn: commands, state rows, z and n; each RELOAD once more when every gate has answered it.
// Never returns.   C++14.
template <int hidden_size>
void gru_activator(beat_stream& control, beat_stream indices[kGates], beat_stream& r, beat_stream& zn) {
#pragma HLS ARRAY_PARTITION variable = indices complete
  RECURD_ROM(sigmoid, fill_sigmoid);
  RECURD_ROM(tanh, fill_tanh);
  constexpr int vector_beats = PaddedWords(hidden_size) / kBeatWords;
  enum { kIdle, kState, kActivate, kEcho } state = kIdle;
  uint32_t steps_left = 0;
  int gate = 0, beat = 0;
  beat_t command_beat;
  for (;;) {
#pragma HLS PIPELINE II = 1 style = flp
    if (state == kIdle) {
      command_beat = control.read();
      const Command command = command_of(command_beat);
      const uint32_t op = OpOf(command.head);
      zn.write(command_beat);
      steps_left = command.steps;
      gate = beat = 0;
      if (op == kOpRun && steps_left > 0) state = kActivate;
      if (op == kOpSwitch) state = kState;
      if (op == kOpReload) state = kEcho;
    } else if (state == kState) {
      zn.write(control.read());
      if (++beat == vector_beats) state = kIdle;
    } else if (state == kEcho) {
      read_gate(indices, gate);
      if (++gate == kGates) {
        zn.write(command_beat);
        state = kIdle;
      }
    } else {
      beat_t in = read_gate(indices, gate);
      const beat_t out = gate == kGateNew ? look_up<hidden_size>(in, tanh, beat * kBeatWords)
                                          : look_up<hidden_size>(in, sigmoid, beat * kBeatWords);
      if (gate == kGateReset)
        r.write(out);
      else
        zn.write(out);
      if (++beat == vector_beats) {
        beat = 0;
        if (++gate == kGates) {
          gate = 0;
          if (--steps_left == 0) state = kIdle;
        }
      }
    }
    RECURD_PL_CLOCK();
  }
}

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_PL_GRU_ACTIVATOR_H_
