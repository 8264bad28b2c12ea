#ifndef RECURD_HW_AIE_KERNELS_DOT_ROW_RESET_H_
#define RECURD_HW_AIE_KERNELS_DOT_ROW_RESET_H_

#include "hw/aie/kernels/command.h"

namespace recurd {
namespace hw {

// The special tiles of arXiv 2511.15626, section 4: one row of the candidate's recurrent part, with the reset gate
// coming in on a stream of its own, one padded vector a step and no commands. Commands come with the state.

// Reset before the matrix: dot(u, r * h), computed as dot(r, u * h), so that one product is over when r arrives.
// Order: p[j] = h[j] * u[j], rounded; then as dot_row with p for the weights.   weights: [sets][words].
template <int words, int sets>
void dot_row_reset_before(input_stream<float>* __restrict states, input_stream<float>* __restrict resets,
                          output_stream<float>* __restrict dots, const float (&weights)[sets * words]) {
  static_assert(words % kLanes == 0, "rows are padded to whole vectors");
  alignas(32) float products[words];
  for (;;) {
    const command_words command = read_command(states);
    forward_command(dots, command);
    if (command.op == kOpReload) return;
    const float* __restrict row = weights + command.weight_set * words;
    for (uint32 step = 0; step < command.steps; ++step) {
      for (int i = 0; i < words; i += 8) chess_prepare_for_pipelining chess_loop_range(1, ) {
          aie::vector<float, 8> h;
          h.insert(0, readincr_v<4>(states));
          h.insert(1, readincr_v<4>(states));
          aie::store_v(products + i, aie::mul(h, aie::load_v<8>(row + i)).template to_vector<float>());
        }
      chess_separator_scheduler();
      aie::accum<accfloat, 8> acc = aie::zeros<accfloat, 8>();
      for (int i = 0; i < words; i += 8) chess_prepare_for_pipelining chess_loop_range(1, ) {
          aie::vector<float, 8> r;
          r.insert(0, readincr_v<4>(resets));
          r.insert(1, readincr_v<4>(resets));
          acc = aie::mac(acc, r, aie::load_v<8>(products + i));
        }
      writeincr(dots, aie::reduce_add(acc.template to_vector<float>()));
      chess_separator_scheduler();
    }
  }
}

// Reset after the matrix: r[row] * (dot(u, h) + bias). The dot product is over long before r arrives.
// Order: dot as dot_row, then + bias, then * r[row].   weights: [sets][words + 8], the last eight all the row's bias.
template <int words, int sets>
void dot_row_reset_after(input_stream<float>* __restrict states, input_stream<float>* __restrict resets,
                         output_stream<float>* __restrict dots, const float (&weights)[sets * (words + 8)],
                         const int32 row_index) {
  static_assert(words % kLanes == 0, "rows are padded to whole vectors");
  alignas(32) float gate[words];
  for (;;) {
    const command_words command = read_command(states);
    forward_command(dots, command);
    if (command.op == kOpReload) return;
    const float* __restrict row = weights + command.weight_set * (words + 8);
    for (uint32 step = 0; step < command.steps; ++step) {
      aie::accum<accfloat, 8> acc = aie::zeros<accfloat, 8>();
      for (int i = 0; i < words; i += 8) chess_prepare_for_pipelining chess_loop_range(1, ) {
          aie::vector<float, 8> h;
          h.insert(0, readincr_v<4>(states));
          h.insert(1, readincr_v<4>(states));
          acc = aie::mac(acc, h, aie::load_v<8>(row + i));
        }
      const aie::vector<float, 8> dot = aie::broadcast<float, 8>(aie::reduce_add(acc.template to_vector<float>()));
      const aie::vector<float, 8> sum = aie::add(dot, aie::load_v<8>(row + words));
      for (int i = 0; i < words; i += 4) chess_prepare_for_pipelining chess_loop_range(2, ) {
          aie::store_v(gate + i, readincr_v<4>(resets));
        }
      chess_separator_scheduler();
      const aie::vector<float, 8> r =
          aie::broadcast<float, 8>(aie::load_v<8>(gate + row_index / 8 * 8).get(row_index % 8));
      writeincr(dots, aie::mul(sum, r).template to_vector<float>().get(0));
      chess_separator_scheduler();
    }
  }
}

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_AIE_KERNELS_DOT_ROW_RESET_H_
