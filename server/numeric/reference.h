#pragma once

#include "server/numeric/ops.h"

namespace recurd {

// The plain reference: loops in the order of the numerics profile (profile.h), one row after the other. T = float is
// the only oracle of every fast path, to the bit; T = double, with libm's functions and the weights as they were before
// they were stored narrower, is what statements of accuracy are made against. Float callers hold a ScopedFlushToZero.
// Threads: any. Allocates.

// out = matrix * x + bias.   Shapes: matrix [rows][cols], bias [rows] or null, x [cols], out [rows].
template <typename T>
void ReferenceDense(const float* matrix, const float* bias, int rows, int cols, const T* x, T* out,
                    WeightStorage storage = WeightStorage::kFp32);

// One step of a recurrent layer.   Shapes: x [input_size]; h and, for an LSTM, c [hidden_size], both in place.
template <typename T>
void ReferenceStep(const Cell& cell, const T* x, T* h, T* c);

}  // namespace recurd
