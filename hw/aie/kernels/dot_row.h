#ifndef RECURD_HW_AIE_KERNELS_DOT_ROW_H_
#define RECURD_HW_AIE_KERNELS_DOT_ROW_H_

#include "hw/aie/kernels/command.h"

namespace recurd {
namespace hw {

// Dot products of one matrix row with the vectors of a stream: the W and U tiles of arXiv 2511.15626, section 4,
// "Row-wise Streams". The stream brings commands; after RUN, `steps` vectors of `words` words. Out go the command and
// one word a vector.
// Order: eight lanes, each acc = fma(v[j], w[j], acc) over its columns in order from zero; then lanes i and i+4, i and
// i+2, i and i+1 are added. One accumulator is enough: eight words arrive in eight cycles, a sum takes two.
// weights: [sets][words], padded with zeros.   Returns on RELOAD.
template <int words, int sets>
void dot_row(input_stream<float>* __restrict vectors, output_stream<float>* __restrict dots,
             const float (&weights)[sets * words]) {
  static_assert(words % kLanes == 0, "rows are padded to whole vectors");
  for (;;) {
    const command_words command = read_command(vectors);
    forward_command(dots, command);
    if (command.op == kOpReload) return;
    const float* __restrict row = weights + command.weight_set * words;
    for (uint32 step = 0; step < command.steps; ++step) {
      aie::accum<accfloat, 8> acc = aie::zeros<accfloat, 8>();
      for (int i = 0; i < words; i += 8) chess_prepare_for_pipelining chess_loop_range(1, ) {
          aie::vector<float, 8> v;
          v.insert(0, readincr_v<4>(vectors));
          v.insert(1, readincr_v<4>(vectors));
          acc = aie::mac(acc, v, aie::load_v<8>(row + i));
        }
      writeincr(dots, aie::reduce_add(acc.template to_vector<float>()));
      chess_separator_scheduler();
    }
  }
}

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_AIE_KERNELS_DOT_ROW_H_
