#ifndef RECURD_HW_AIE_KERNELS_COLUMN_BLOCK_RESET_H_
#define RECURD_HW_AIE_KERNELS_COLUMN_BLOCK_RESET_H_

#include "hw/aie/kernels/column_block.h"

// The candidate's U tiles where the reset gate comes before the matrix: U (r * h). C++17.
namespace recurd {
namespace hw {

// Order: part[j] = h[j] * r[j], then as multiply_columns. The rest of h is read before r is waited for: r needs the
// whole of h in other tiles.
template <int words>
inline void multiply_reset(input_stream<float>* states, input_stream<float>* resets, const float* __restrict columns,
                           int32 blocks_before, int32 blocks_behind, float* __restrict sums) {
  skip_vectors(states, blocks_before);
  const aie::vector<float, 8> h = read_vector(states);
  skip_vectors(states, blocks_behind);
  chess_separator_scheduler();
  skip_vectors(resets, blocks_before);
  const aie::vector<float, 8> part = aie::mul(h, read_vector(resets)).template to_vector<float>();
  multiply_columns<words>(part, columns, sums);
  skip_vectors(resets, blocks_behind);
  chess_separator_scheduler();
}

// As column_block_first; `resets` brings r for each h.
template <int words, int sets>
void column_block_reset_first(input_stream<float>* __restrict states, input_stream<float>* __restrict resets,
                              output_cascade<accfloat>* __restrict after,
                              const float (&weights)[sets * kBlockColumns * words], const int32 blocks_before,
                              const int32 blocks_behind) {
  alignas(32) float sums[words];
  for (;;) {
    const command_words command = read_command(states);
    forward_command(after, command);
    if (command.op == kOpReload) return;
    const float* __restrict columns = weights + command.weight_set * kBlockColumns * words;
    for (uint32 step = 0; step < command.steps; ++step) {
      multiply_reset<words>(states, resets, columns, blocks_before, blocks_behind, sums);
      forward_sums<words>(sums, after);
    }
  }
}

// As column_block; `resets` brings r for each h.
template <int words, int sets>
void column_block_reset(input_stream<float>* __restrict states, input_stream<float>* __restrict resets,
                        input_cascade<accfloat>* __restrict before, output_cascade<accfloat>* __restrict after,
                        const float (&weights)[sets * kBlockColumns * words], const int32 blocks_before,
                        const int32 blocks_behind) {
  alignas(32) float sums[words];
  for (;;) {
    const command_words command = read_command(states);
    readincr_v<8>(before);
    forward_command(after, command);
    if (command.op == kOpReload) return;
    const float* __restrict columns = weights + command.weight_set * kBlockColumns * words;
    for (uint32 step = 0; step < command.steps; ++step) {
      multiply_reset<words>(states, resets, columns, blocks_before, blocks_behind, sums);
      add_sums<words>(before, sums, after);
    }
  }
}

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_AIE_KERNELS_COLUMN_BLOCK_RESET_H_
