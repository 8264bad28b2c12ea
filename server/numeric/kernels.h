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
  // One step of a layer.   Shapes: x [input_size], any alignment.
  void (*gru_reset_after)(PackedCell& cell, const float* x);  // linear_before_reset
  void (*gru_reset_before)(PackedCell& cell, const float* x);
  void (*lstm)(PackedCell& cell, const float* x);
  void (*rnn)(PackedCell& cell, const float* x);
  // out[i] = function(in[i]), any alignment and size; out may be in.
  void (*unary)(const Activation& function, const float* in, float* out, int size);
};

// What this machine can run, the best first. Threads: any. Allocates at the first call only.
const std::vector<const Kernels*>& RunnableKernels();
inline const Kernels& BestKernels() { return *RunnableKernels().front(); }

}  // namespace recurd
