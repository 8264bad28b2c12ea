#ifndef RECURD_HW_AIE_KERNELS_DOT_ROW_RESET_H_
#define RECURD_HW_AIE_KERNELS_DOT_ROW_RESET_H_

#include "hw/aie/kernels/dot_row.h"

namespace recurd {
namespace hw {

// The special tiles of arXiv 2511.15626, section 4: `rows` consecutive rows of the candidate's recurrent part, with the
// reset gate coming in on a stream of its own, one padded vector a step and no commands. Commands come with the state.

// Reset before the matrix: dot(u, r * h), computed as dot(r, u * h), so that one product is over when r arrives.
// Order: p[j] = h[j] * u[j], rounded; then as dot_row with p for the weights.   weights: [sets][rows][words].
template <int words, int rows, int sets>
void dot_row_reset_before(input_stream<float>* __restrict states, input_stream<float>* __restrict resets,
                          output_stream<float>* __restrict dots, const float (&weights)[sets * rows * words]) {
  alignas(32) float products[rows * words];
  for (;;) {
    const command_words command = read_command(states);
    forward_command(dots, command);
    if (command.op == kOpReload) return;
    const float* __restrict set = weights + command.weight_set * (rows * words);
    for (uint32 step = 0; step < command.steps; ++step) {
      for (int i = 0; i < words; i += 8) chess_prepare_for_pipelining chess_loop_range(1, ) {
          const aie::vector<float, 8> h = read_vector(states);
          for (int at = i; at < rows * words; at += words) chess_unroll_loop(*) {
              aie::store_v(products + at, aie::mul(h, aie::load_v<8>(set + at)).template to_vector<float>());
            }
        }
      chess_separator_scheduler();
      aie::accum<accfloat, 8> sums[rows];
      multiply_rows<words>(resets, products, sums);
      for (int row = 0; row < rows; ++row) writeincr(dots, sum_lanes(sums[row]));
      chess_separator_scheduler();
    }
  }
}

// Reset after the matrix: r[row] * (dot(u, h) + bias). The dot products are over long before r arrives.
// Order: dot as dot_row, then + bias, then * r[row].   weights: [sets]{[rows][words], [rows][8 equal lanes of bias]}.
// first_row: of the tile's rows.
template <int words, int rows, int sets>
void dot_row_reset_after(input_stream<float>* __restrict states, input_stream<float>* __restrict resets,
                         output_stream<float>* __restrict dots, const float (&weights)[sets * rows * (words + 8)],
                         const int32 first_row) {
  alignas(32) float gate[words];
  for (;;) {
    const command_words command = read_command(states);
    forward_command(dots, command);
    if (command.op == kOpReload) return;
    const float* __restrict set = weights + command.weight_set * (rows * (words + 8));
    for (uint32 step = 0; step < command.steps; ++step) {
      aie::accum<accfloat, 8> sums[rows];
      multiply_rows<words>(states, set, sums);
      aie::vector<float, 8> totals[rows];
      for (int row = 0; row < rows; ++row) chess_unroll_loop(*) {
          const aie::vector<float, 8> dot = aie::broadcast<float, 8>(sum_lanes(sums[row]));
          totals[row] = aie::add(dot, aie::load_v<8>(set + rows * words + row * 8));
        }
      for (int i = 0; i < words; i += 4) chess_prepare_for_pipelining chess_loop_range(2, ) {
          aie::store_v(gate + i, readincr_v<4>(resets));
        }
      chess_separator_scheduler();
      for (int row = 0; row < rows; ++row) chess_unroll_loop(*) {
          const int32 at = first_row + row;
          const aie::vector<float, 8> r = aie::broadcast<float, 8>(aie::load_v<8>(gate + at / 8 * 8).get(at % 8));
          writeincr(dots, aie::mul(totals[row], r).template to_vector<float>().get(0));
        }
      chess_separator_scheduler();
    }
  }
}

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_AIE_KERNELS_DOT_ROW_RESET_H_
