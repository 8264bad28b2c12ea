#ifndef RECURD_HW_AIE_KERNELS_BIAS_ID_H_
#define RECURD_HW_AIE_KERNELS_BIAS_ID_H_

#include "hw/aie/kernels/command.h"

namespace recurd {
namespace hw {

// Entry of an activation table that spans [-range, range] in kLutWords entries, cut off, saturated outside.
// Order: floor(fma(v, scale, offset)) after a clamp to the table; eight equal lanes, the first counts.
template <int gate>
inline aie::vector<int32, 8> lut_index(const aie::vector<float, 8>& v) {
  constexpr float range = gate == kGateNew ? kTanhRange : kSigmoidRange;
  constexpr float last = kLutWords - 1;
  const aie::accum<accfloat, 8> middle(aie::broadcast<float, 8>(last / 2));
  const aie::vector<float, 8> scale = aie::broadcast<float, 8>(last / (2 * range));
  const aie::vector<float, 8> entry = aie::mac(middle, v, scale).template to_vector<float>();
  const aie::vector<float, 8> low = aie::max(entry, aie::broadcast<float, 8>(0.0f));
  return aie::to_fixed<int32>(aie::min(low, aie::broadcast<float, 8>(last)));
}

inline void write_packet(output_pktstream* packets, uint32 tag, int32 value) {
  writeHeader(packets, 0, getPacketid(packets, 0));
  writeincr(packets, static_cast<int32>(tag));
  writeincr(packets, value, true);
}

// Third tile of `rows` consecutive rows: for each, v = (bias + W x) + U h, and a packet {header, tag, word_of(v)}.
// Both inputs bring the same commands; RELOAD is answered by one packet with kTagEcho once both have brought it.
// A packet's header leaves only once its words are sure to follow: a merge that held the candidate's header would keep
// back the reset gate that the candidate waits for. Hence the separator behind the reads.
// The sums take a vector lane because scalar float arithmetic is emulated on this tile.
// biases: [sets][rows][8], all eight the row's bias.   Returns on RELOAD.   Source: arXiv 2511.15626, section 4.
template <int gate, int rows, class WordOf>
inline void add_biases(input_stream<float>* __restrict inputs, input_stream<float>* __restrict states,
                       output_pktstream* __restrict packets, const float* __restrict biases, int32 first_row,
                       WordOf word_of) {
  for (;;) {
    const uint32 head = bits_of(readincr(inputs));
    const uint32 steps = bits_of(readincr(inputs));
    const int32 sequence = bits_of(readincr(inputs));
    for (int i = 0; i < 3; ++i) readincr(states);
    if (OpOf(head) == kOpReload) {
      write_packet(packets, PackTag(gate, first_row) | kTagEcho, sequence);
      return;
    }
    if (OpOf(head) != kOpRun) continue;
    const float* __restrict set = biases + WeightSetOf(head) * (rows * 8);
    for (uint32 step = 0; step < steps; ++step) {
      for (int row = 0; row < rows; ++row) {
        const aie::vector<float, 8> input = aie::broadcast<float, 8>(readincr(inputs));
        const aie::vector<float, 8> partial = aie::add(aie::load_v<8>(set + row * 8), input);
        const aie::vector<float, 8> state = aie::broadcast<float, 8>(readincr(states));
        chess_separator_scheduler();
        write_packet(packets, PackTag(gate, first_row + row), word_of(aie::add(partial, state)));
        chess_separator_scheduler();
      }
    }
  }
}

// The word is the index into the activation's table, for the PL to look up.
template <int gate, int rows, int sets>
void bias_id(input_stream<float>* __restrict inputs, input_stream<float>* __restrict states,
             output_pktstream* __restrict packets, const float (&biases)[sets * rows * 8], const int32 first_row) {
  add_biases<gate, rows>(inputs, states, packets, biases, first_row,
                         [](const aie::vector<float, 8>& v) { return lut_index<gate>(v).get(0); });
}

// The word is the activation itself: its table fills most of the tile.
template <int gate, int rows, int sets>
void bias_activate(input_stream<float>* __restrict inputs, input_stream<float>* __restrict states,
                   output_pktstream* __restrict packets, const float (&biases)[sets * rows * 8], const int32 first_row,
                   const float (&table)[kLutWords]) {
  add_biases<gate, rows>(inputs, states, packets, biases, first_row, [&table](const aie::vector<float, 8>& v) {
    const float activation = table[lut_index<gate>(v).get(0)];
    RECURD_SCALAR_CYCLES(timing.scalar_op + timing.load_latency);
    return bits_of(activation);
  });
}

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_AIE_KERNELS_BIAS_ID_H_
