#pragma once

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

}  // namespace recurd
