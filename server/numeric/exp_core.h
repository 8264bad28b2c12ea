#pragma once

namespace recurd::exp_core {

// The one approximation under exp, expm1, sigmoid and tanh, in scalar (activation.cc) and vector form
// (activation-inl.h), operation by operation the same:
//   k = fma(x, log2(e), magic)     rounds x / ln 2 to the nearest integer n; k's low bits hold n + 127
//   s = bits(k) << 23              2^n, for -126 <= n <= 127; 0 for n = -127
//   n = k - magic
//   r = fma(n, -ln2_low, fma(n, -ln2_high, x))         |r| <= 0.3466
//   p = fma(q, r2, r),  r2 = r * r,  q = fma(fma(c6, r2, fma(c5, r, c4)), r2, fma(c3, r, c2))   ~ e^r - 1
//   e^x = fma(s, p, s)             e^x - 1 = fma(s, p, s - 1)
// |p / (e^r - 1) - 1| < 1.4e-8 apart from rounding.   Source: minimax fit of degree 6 over |r| <= 0.34665, coefficients
// rounded to fp32 one after the other, the rest fitted anew each time.
inline constexpr float kLog2E = 0x1.715476p+0f;
inline constexpr float kMagic = 0x1.8p+23f + 127.0f;
inline constexpr float kLn2High = 0x1.62e43p-1f;
inline constexpr float kLn2Low = -0x1.05c61p-29f;
inline constexpr float kC2 = 0x1.fffffep-2f;
inline constexpr float kC3 = 0x1.5554b4p-3f;
inline constexpr float kC4 = 0x1.5556f2p-5f;
inline constexpr float kC5 = 0x1.12253ep-7f;
inline constexpr float kC6 = 0x1.6b9c48p-10f;

// Arguments are clamped to these before the core. Sigmoid, tanh and expm1 are at their limits there; exp, which scales
// twice, gives 0 and infinity.
inline constexpr float kClamp = 88.0f;
inline constexpr float kExpLow = -104.0f;
inline constexpr float kExpHigh = 89.0f;

}  // namespace recurd::exp_core
