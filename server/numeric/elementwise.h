#pragma once

#include "server/numeric/ops.h"

namespace recurd {

// The plain loops of a step's small operators, shared by the reference (T = float or double) and the cpu pipeline.
// Float in the numerics profile's order. Threads: any. Allocates: never.

// out[i] = a[i] op b[i].   An operand of size 1 is broadcast. out may be a or b.
template <typename T>
void Binary(BinaryKind kind, const T* a, int a_size, const T* b, int b_size, T* out, int out_size);

// out[i] = function(in[i]).   out may be in.
template <typename T>
void Unary(const Activation& function, const T* in, T* out, int size);

// Reduces each run of in_size / out_size adjacent values to one. out must not overlap in.
template <typename T>
void Reduce(ReduceKind kind, const T* in, int in_size, T* out, int out_size);

// out[i] = in[i / (out_size / in_size)].   out must not overlap in.
template <typename T>
void Repeat(const T* in, int in_size, T* out, int out_size);

}  // namespace recurd
