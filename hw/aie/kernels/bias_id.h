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

// Third tile of a row: (bias + W x) + U h, as a packet {header, tag, index into the activation's table}.
// Both inputs bring the same commands; RELOAD is answered by a packet with kTagEcho once both have brought it.
// The sums take a vector lane because scalar float arithmetic is emulated on this tile.
// biases: [sets][8], all eight the row's bias.   Returns on RELOAD.   Source: arXiv 2511.15626, section 4.
template <int gate, int sets>
void bias_id(input_stream<float>* __restrict inputs, input_stream<float>* __restrict states,
             output_pktstream* __restrict packets, const float (&biases)[sets * 8], const int32 row_index) {
  const uint32 id = getPacketid(packets, 0);
  for (;;) {
    const uint32 head = bits_of(readincr(inputs));
    const uint32 steps = bits_of(readincr(inputs));
    const int32 sequence = bits_of(readincr(inputs));
    for (int i = 0; i < 3; ++i) readincr(states);
    if (OpOf(head) == kOpReload) {
      writeHeader(packets, 0, id);
      writeincr(packets, static_cast<int32>(PackTag(gate, row_index) | kTagEcho));
      writeincr(packets, sequence, true);
      return;
    }
    if (OpOf(head) != kOpRun) continue;
    const aie::vector<float, 8> bias = aie::load_v<8>(biases + WeightSetOf(head) * 8);
    for (uint32 step = 0; step < steps; ++step) {
      const aie::vector<float, 8> input = aie::broadcast<float, 8>(readincr(inputs));
      const aie::vector<float, 8> partial = aie::add(bias, input);
      const aie::vector<float, 8> state = aie::broadcast<float, 8>(readincr(states));
      const int32 index = lut_index<gate>(aie::add(partial, state)).get(0);
      writeHeader(packets, 0, id);
      writeincr(packets, static_cast<int32>(PackTag(gate, row_index)));
      writeincr(packets, index, true);
      chess_separator_scheduler();
    }
  }
}

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_AIE_KERNELS_BIAS_ID_H_
