#pragma once

#include <string>

#include "server/numeric/ops.h"

namespace recurd {

// The numerics profile that every state carries, and that every fp32 path computes in but the array's: its mappings
// have profiles of their own for recurrent layers (hw/emu/plain_*.h).
//  - A matrix product gives each output row a lane of its own. Columns are taken in order into two accumulators that
//    start at zero, even columns into the first, odd ones into the second: acc = fma(m[row][col], x[col], acc); the
//    product is even + odd. The width of a vector never enters this order.
//  - The input part (W x) and the recurrent part (U h) are two such products:
//      gate = (W x + b) + U h                b = input bias + recurrent bias, added once in fp32 before any step
//      gate = fma(r, U h + bh, W x + bx)     for the candidate of a GRU with linear_before_reset
//    A dense layer is m x + b.
//  - Blends: GRU h' = fma(z, h - n, n); LSTM c' = fma(f, c, i * g), h' = o * tanh(c'); peepholes by fma onto the gate,
//    before the clip.
//  - Sums over features (Softmax, LayerNormalization, mean) take values in index order into the same two accumulators.
//  - exp, sigmoid and tanh are numeric/activation.h's; square root and division are IEEE's; fused multiply-add nowhere
//    else.
//  - Denormals are flushed to zero, on input and on output. (Whether a result that rounds up to the smallest normal
//    number counts as one is the processor's: x86 says no, Arm yes. A denormal input that an operator only hands on, as
//    Relu does, may arrive as it is or as zero.)
inline constexpr char kFp32Profile[] = "f32/col2/act1/ftz";

// With weights stored as bfloat16, W, U and m are their nearest bfloat16s, and the profile's first word is bf16.
// With weights stored as int8 it is i8: a product m x is
//      float(sum over c of q[row][c] * p[c]) * (s[row] * t)
// where q and s are the row's bytes and scale, p and t those of x, taken anew for every product (narrow.h). The sum is
// exact, and so has no order. An x whose values differ widely in size loses the small ones.

// The profile of a model whose configuration asks for another form of its recurrent layers' sigmoid and tanh
// (activation_form.h); kFp32Profile for kExact. The same sums; but what is multiplied and added behind them is rounded
// twice, as in the PL:
//      gate = r * (U h + bh) + (W x + bx)    GRU h' = (1 - z) * n + z * h    LSTM c' = f * c + i * g
// The third word names function and size: lut7750, lines512, segments16, cordic20, cubics64. The array's mapping lanes
// computes all but lut7750 to the same bits, so that a state fits both; its own tables take scaled weights, and have a
// profile of their own.
std::string ProfileOf(ActivationForm form, WeightStorage storage = WeightStorage::kFp32);

}  // namespace recurd
