#ifndef RECURD_HW_AIE_KERNELS_LANE_EXP_H_
#define RECURD_HW_AIE_KERNELS_LANE_EXP_H_

#include "hw/aie/kernels/command.h"

// The part of sigmoid and tanh that needs fused multiply-adds, eight lanes at a time; the PL divides. Operation by
// operation the server's numeric/exp_core.h: its bits, where a multiply-accumulate rounds once and denormals are zero.
// C++17.
namespace recurd {
namespace hw {

inline aie::vector<float, 8> eight(float value) { return aie::broadcast<float, 8>(value); }
inline aie::accum<accfloat, 8> eight_sums(float value) { return aie::accum<accfloat, 8>(eight(value)); }

// Added, it leaves n + 127 in the low bits.
constexpr float kExpMagic = 0x1.8p+23f + 127.0f;
constexpr int32 kExpMagicBits = 0x4b400000;  // without the 127

// e^x, or e^x - 1. Operands of min and max stand so that a NaN passes. The power of two is made while the polynomial
// waits for its products.
template <bool less_one>
inline aie::vector<float, 8> exp_core(const aie::vector<float, 8>& argument) {
  const aie::vector<float, 8> x = aie::min(eight(88.0f), aie::max(eight(-88.0f), argument));
  const aie::vector<float, 8> k = aie::mac(eight_sums(kExpMagic), x, eight(0x1.715476p+0f)).to_vector<float>();
  const aie::vector<float, 8> n = aie::sub(k, eight(kExpMagic));
  const aie::accum<accfloat, 8> rest = aie::mac(aie::accum<accfloat, 8>(x), n, eight(-0x1.62e43p-1f));
  const aie::vector<float, 8> r = aie::mac(rest, n, eight(0x1.05c61p-29f)).to_vector<float>();
  const aie::vector<float, 8> r2 = aie::mul(r, r).to_vector<float>();
  const aie::accum<accfloat, 8> low = aie::mac(eight_sums(0x1.fffffep-2f), r, eight(0x1.5554b4p-3f));
  aie::accum<accfloat, 8> high = aie::mac(eight_sums(0x1.5556f2p-5f), r, eight(0x1.12253ep-7f));
  const aie::vector<int32, 8> power = aie::upshift(aie::sub(aie::vector_cast<int32>(k), kExpMagicBits), 23);
  const aie::vector<float, 8> s = aie::vector_cast<float>(power);
  high = aie::mac(high, r2, eight(0x1.6b9c48p-10f));
  const aie::vector<float, 8> base = less_one ? aie::sub(s, eight(1.0f)) : s;
  const aie::vector<float, 8> q = aie::mac(low, high.to_vector<float>(), r2).to_vector<float>();
  const aie::vector<float, 8> p = aie::mac(aie::accum<accfloat, 8>(r), q, r2).to_vector<float>();
  return aie::mac(aie::accum<accfloat, 8>(base), s, p).to_vector<float>();
}

// e^x; sigmoid(x) = e^x / (e^x + 1).
inline aie::vector<float, 8> exp_lanes(const aie::vector<float, 8>& x) { return exp_core<false>(x); }

// t = e^2x - 1; tanh(x) = t / (t + 2).
inline aie::vector<float, 8> expm1_twice_lanes(const aie::vector<float, 8>& x) {
  return exp_core<true>(aie::add(x, x));
}

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_AIE_KERNELS_LANE_EXP_H_
