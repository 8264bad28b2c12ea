#ifndef RECURD_HW_AIE_KERNELS_SORT_ROWS_H_
#define RECURD_HW_AIE_KERNELS_SORT_ROWS_H_

#include "hw/aie/kernels/command.h"

namespace recurd {
namespace hw {

// Takes one packet of each of `rows` rows, in whatever order they come, and files the values by their tags. The header
// only routes. A scalar loop: the paper's aggregator takes 14 cycles a packet.
template <int rows, int slots>
inline void sort_packets(input_pktstream* __restrict packets, float (&values)[slots]) {
  static_assert((slots & (slots - 1)) == 0, "a tag is cut to a slot by one mask");
  for (int i = 0; i < rows; ++i) {
    readincr(packets);
    const uint32 tag = readincr(packets);
    values[RowOf(tag) & (slots - 1)] = float_of(readincr(packets));
    RECURD_SCALAR_CYCLES(3 * timing.scalar_op + timing.packet_residual);
    chess_separator_scheduler();
  }
}

inline void pass_row(input_stream<float>* __restrict from, output_stream<float>* __restrict to, int words) {
  for (int i = 0; i < words; i += 4) chess_prepare_for_pipelining chess_loop_range(2, ) {
      writeincr(to, readincr_v<4>(from));
    }
  chess_separator_scheduler();
}

constexpr int RowSlots(int words) { return words <= kLanes ? kLanes : 2 * RowSlots((words + 1) / 2); }

// An aggregator tile of arXiv 2511.15626, section 4, "Aggregation of Partial Results": packets of one gate's rows in,
// complete vectors out, padded with zeros. The three stand in a chain before the update tile, in the order of gates:
// `before` brings commands, a state row after SWITCH and, to the new gate's tile, z in each step of RUN; all that goes
// on to `next`. `vectors` takes the gate's own.
// RELOAD goes on at once, and once more when all `groups` bias tiles and the aggregators before have answered it.
// Returns on RELOAD.
template <int gate, int rows, int groups>
inline void sort_rows(input_pktstream* __restrict packets, input_stream<float>* before, output_stream<float>* vectors,
                      output_stream<float>* next) {
  constexpr int words = PaddedWords(rows);
  alignas(32) float values[RowSlots(words)];
  for (int i = 0; i < words; i += 8) aie::store_v(values + i, aie::broadcast<float, 8>(0.0f));
  for (;;) {
    const command_words command = read_command(before);
    writeincr(next, command.beat);
    if (command.op == kOpReload) {
      for (int i = 0; i < groups * kPacketWords; ++i) readincr(packets);
      if (gate != kGateReset) readincr_v<4>(before);
      writeincr(next, command.beat);
      return;
    }
    if (command.op == kOpSwitch) pass_row(before, next, words);
    for (uint32 step = 0; step < command.steps; ++step) {
      if (gate == kGateNew) pass_row(before, next, words);
      sort_packets<rows>(packets, values);
      for (int i = 0; i < words; i += 8) chess_prepare_for_pipelining chess_loop_range(1, ) {
          writeincr(vectors, aie::load_v<8>(values + i));
        }
      chess_separator_scheduler();
    }
  }
}

// The reset gate's vectors go to the special tiles.
template <int rows, int groups>
void sort_reset(input_pktstream* __restrict packets, input_stream<float>* __restrict before,
                output_stream<float>* __restrict vectors, output_stream<float>* __restrict next) {
  sort_rows<kGateReset, rows, groups>(packets, before, vectors, next);
}

// Those of the other gates go down the chain.
template <int gate, int rows, int groups>
void sort_gate(input_pktstream* __restrict packets, input_stream<float>* __restrict before,
               output_stream<float>* __restrict next) {
  sort_rows<gate, rows, groups>(packets, before, next, next);
}

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_AIE_KERNELS_SORT_ROWS_H_
