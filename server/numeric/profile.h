#pragma once

namespace recurd {

// The numerics profile that every fp32 path of this project computes in, and every state carries:
//  - A matrix product gives each output row a lane of its own. Columns are taken in order into two accumulators that start at
//    zero, even columns into the first, odd ones into the second: acc = fma(m[row][col], x[col], acc); the product is
//    even + odd. The width of a vector never enters this order.
//  - The input part (W x) and the recurrent part (U h) are two such products:
//      gate = (W x + b) + U h          with b = input bias + recurrent bias, added once in fp32 when the model is packed
//      gate = (W x + bx) + r * (U h + bh)   for the candidate of a GRU with linear_before_reset, the product by fma
//    A dense layer is m x + b.
//  - Blends: GRU h' = fma(z, h - n, n); LSTM c' = fma(f, c, i * g), h' = o * tanh(c'); peepholes by fma onto the gate.
//  - Sums over features (Softmax, LayerNormalization, mean) take values in index order into the same two accumulators.
//  - exp, sigmoid and tanh are numeric/activation.h's; square root and division are IEEE's; fused multiply-add nowhere else.
//  - Denormals are flushed to zero, on input and on output.
inline constexpr char kFp32Profile[] = "f32/col2/act1/ftz";

}  // namespace recurd
