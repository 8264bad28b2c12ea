#ifndef RECURD_HW_AIE_KERNELS_DOT_ROW_H_
#define RECURD_HW_AIE_KERNELS_DOT_ROW_H_

#include "hw/aie/kernels/command.h"

namespace recurd {
namespace hw {

// Multiplies the next vector of a stream by `rows` matrix rows at once: eight words arrive in eight cycles, a row takes
// one of them, so further rows cost nothing while they are at most eight. One accumulator a row is enough.
// Order: eight lanes, each acc = fma(v[j], w[j], acc) over its columns in order from zero.   weights: [rows][words].
template <int words, int rows>
inline void multiply_rows(input_stream<float>* __restrict vectors, const float* __restrict weights,
                          aie::accum<accfloat, 8> (&sums)[rows]) {
  static_assert(words % kLanes == 0, "rows are padded to whole vectors");
  for (int row = 0; row < rows; ++row) chess_unroll_loop(*) sums[row] = aie::zeros<accfloat, 8>();
  for (int i = 0; i < words; i += 8) chess_prepare_for_pipelining chess_loop_range(1, ) {
      const aie::vector<float, 8> v = read_vector(vectors);
      for (int row = 0; row < rows; ++row) chess_unroll_loop(*) {
          sums[row] = aie::mac(sums[row], v, aie::load_v<8>(weights + row * words + i));
        }
    }
}

// Lanes i and i+4 are added, i and i+2, i and i+1.
inline float sum_lanes(const aie::accum<accfloat, 8>& sum) { return aie::reduce_add(sum.to_vector<float>()); }

// Dot products of the vectors of a stream with `rows` consecutive matrix rows: the W and U tiles of arXiv 2511.15626,
// section 4, "Row-wise Streams", with its row reuse. The stream brings commands; after RUN, `steps` vectors of `words`
// words. Out go the command and, for each vector, one word a row.
// Order: multiply_rows, sum_lanes.   weights: [sets][rows][words], padded with zeros.   Returns on RELOAD.
template <int words, int rows, int sets>
void dot_row(input_stream<float>* __restrict vectors, output_stream<float>* __restrict dots,
             const float (&weights)[sets * rows * words]) {
  for (;;) {
    const command_words command = read_command(vectors);
    forward_command(dots, command);
    if (command.op == kOpReload) return;
    for (uint32 step = 0; step < command.steps; ++step) {
      aie::accum<accfloat, 8> sums[rows];
      multiply_rows<words>(vectors, weights + command.weight_set * (rows * words), sums);
      for (int row = 0; row < rows; ++row) writeincr(dots, sum_lanes(sums[row]));
      chess_separator_scheduler();
    }
  }
}

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_AIE_KERNELS_DOT_ROW_H_
