// The vector type and the two operations whose meaning must not vary between targets.
#if defined(RECURD_NUMERIC_VECTOR_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef RECURD_NUMERIC_VECTOR_INL_H_
#undef RECURD_NUMERIC_VECTOR_INL_H_
#else
#define RECURD_NUMERIC_VECTOR_INL_H_
#endif

#include <cmath>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace recurd {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;
constexpr int kLanes = static_cast<int>(hn::MaxLanes(D()));

HWY_INLINE V Constant(float value) { return hn::Set(D(), value); }

// a * b + c, rounded once. Highway's MulAdd rounds twice where the target has no such instruction.
HWY_INLINE V Fma(V a, V b, V c) {
#if HWY_TARGET == HWY_SCALAR
  return V(std::fma(a.raw, b.raw, c.raw));
#else
  return hn::MulAdd(a, b, c);
#endif
}

// x within [low, high]; NaN stays NaN. Of Highway's targets only x86's Min and Max give their second operand for NaN.
HWY_INLINE V Clamp(V x, V low, V high) {
#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL
  return hn::Min(high, hn::Max(low, x));
#else
  return hn::IfThenElse(hn::Lt(x, low), low, hn::IfThenElse(hn::Gt(x, high), high, x));
#endif
}

}  // namespace HWY_NAMESPACE
}  // namespace recurd
HWY_AFTER_NAMESPACE();

#endif
