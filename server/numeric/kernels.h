#pragma once

#include <vector>

#include "server/numeric/packed.h"

namespace recurd {

// The fast paths of one instruction set. They give the bits of the float reference (reference.h), whatever the lane
// count; the caller holds a ScopedFlushToZero. Buffers are on 64-byte boundaries unless said otherwise.
// Only instruction sets with fused multiply-add are built (AVX3, AVX2, NEON), and SCALAR: one lane of plain C++, for a
// machine that has none of them; slow, the same bits.
struct Kernels {
  const char* target;  // "AVX3", "AVX2", "NEON", "SCALAR"
  int lanes;           // floats in a vector
  int panel_vectors;   // widest panel that keeps its sums in registers

  // y = matrix * x + bias.   Shapes: x [cols], any alignment; y [padded_rows(lanes)].
  void (*dense)(const PackedMatrix& matrix, const float* x, float* y);
  // The same for `steps` rows of x and y, which begin so many floats apart: reads the weights once for several. Only
  // fp32 is quicker for it. y_stride is a multiple of `lanes`.
  void (*dense_steps)(const PackedMatrix& matrix, const float* x, size_t x_stride, int steps, float* y,
                      size_t y_stride);
  // One step of a layer, by the input part at cell.input.
  void (*gru_reset_after)(PackedCell& cell);  // linear_before_reset
  void (*gru_reset_before)(PackedCell& cell);
  void (*lstm)(PackedCell& cell);
  void (*rnn)(PackedCell& cell);
  // out[i] = function(in[i]), any alignment and size; out may be in.
  void (*unary)(const Activation& function, const float* in, float* out, int size);
};

// What this machine can run, the best first. Threads: any. Allocates at the first call only.
const std::vector<const Kernels*>& RunnableKernels();
inline const Kernels& BestKernels() { return *RunnableKernels().front(); }

}  // namespace recurd
