// Vector forms of activation.h: the same operations in the same order, hence the same bits.
#if defined(RECURD_NUMERIC_ACTIVATION_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef RECURD_NUMERIC_ACTIVATION_INL_H_
#undef RECURD_NUMERIC_ACTIVATION_INL_H_
#else
#define RECURD_NUMERIC_ACTIVATION_INL_H_
#endif

#include <bit>
#include <cstdint>

#include "server/numeric/activation.h"
#include "server/numeric/exp_core.h"
#include "server/numeric/ops.h"
#include "server/numeric/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace recurd {
namespace HWY_NAMESPACE {

using DI = hn::RebindToSigned<D>;
using VI = hn::Vec<DI>;

struct CoreOut {
  VI k;  // the low bits are n + 127
  V p;   // e^r - 1
};

HWY_INLINE CoreOut RunCore(V x) {
  namespace core = exp_core;
  const V k = Fma(x, Constant(core::kLog2E), Constant(core::kMagic));
  const V n = hn::Sub(k, Constant(core::kMagic));
  const V r = Fma(n, Constant(-core::kLn2Low), Fma(n, Constant(-core::kLn2High), x));
  const V r2 = hn::Mul(r, r);
  const V low = Fma(Constant(core::kC3), r, Constant(core::kC2));
  const V high = Fma(Constant(core::kC6), r2, Fma(Constant(core::kC5), r, Constant(core::kC4)));
  const V q = Fma(high, r2, low);
  return {hn::BitCast(DI(), k), Fma(q, r2, r)};
}

HWY_INLINE V PowerOfTwo(VI biased_exponent) { return hn::BitCast(D(), hn::ShiftLeft<23>(biased_exponent)); }

HWY_INLINE V Exp(V x) {
  const CoreOut c = RunCore(Clamp(x, Constant(exp_core::kExpLow), Constant(exp_core::kExpHigh)));
  const VI bias = hn::Set(DI(), 127);
  const VI n = hn::Sub(c.k, hn::Set(DI(), std::bit_cast<int32_t>(exp_core::kMagic)));
  const VI half = hn::ShiftRight<1>(n);
  const V s = PowerOfTwo(hn::Add(half, bias));
  return hn::Mul(Fma(s, c.p, s), PowerOfTwo(hn::Add(hn::Sub(n, half), bias)));
}

HWY_INLINE V Expm1(V x) {
  const CoreOut c = RunCore(Clamp(x, Constant(-exp_core::kClamp), Constant(exp_core::kClamp)));
  const V s = PowerOfTwo(c.k);
  return Fma(s, c.p, hn::Sub(s, Constant(1.0f)));
}

HWY_INLINE V Sigmoid(V x) {
  const CoreOut c = RunCore(Clamp(x, Constant(-exp_core::kClamp), Constant(exp_core::kClamp)));
  const V s = PowerOfTwo(c.k);
  const V e = Fma(s, c.p, s);
  return hn::Div(e, hn::Add(e, Constant(1.0f)));
}

HWY_INLINE V Tanh(V x) {
  const V t = Expm1(hn::Add(x, x));
  return hn::Div(t, hn::Add(t, Constant(2.0f)));
}

HWY_NOINLINE inline V ApplyByLane(const Activation& function, V v) {
  alignas(64) float lanes[kLanes];
  hn::Store(v, D(), lanes);
  for (float& lane : lanes) lane = Apply(function, lane);
  return hn::Load(D(), lanes);
}

// Any activation. Those that have no vector form here go through the scalar one.
HWY_INLINE V ApplyVector(const Activation& function, V v) {
  const V zero = hn::Zero(D()), alpha = Constant(function.alpha), beta = Constant(function.beta);
  switch (function.kind) {
    case UnaryKind::kIdentity:
      return v;
    case UnaryKind::kRelu:
      return hn::IfThenElse(hn::Lt(v, zero), zero, v);
    case UnaryKind::kLeakyRelu:
      return hn::IfThenElse(hn::Lt(v, zero), hn::Mul(alpha, v), v);
    case UnaryKind::kThresholdedRelu:
      return hn::IfThenElse(hn::Le(v, alpha), zero, v);
    case UnaryKind::kSigmoid:
      return Sigmoid(v);
    case UnaryKind::kHardSigmoid:
      return Clamp(hn::Add(hn::Mul(alpha, v), beta), zero, Constant(1.0f));
    case UnaryKind::kTanh:
      return Tanh(v);
    case UnaryKind::kScaledTanh:
      return hn::Mul(alpha, Tanh(hn::Mul(beta, v)));
    case UnaryKind::kElu:
      return hn::IfThenElse(hn::Lt(v, zero), hn::Mul(alpha, Expm1(v)), v);
    case UnaryKind::kSoftsign:
      return hn::Div(v, hn::Add(Constant(1.0f), hn::Abs(v)));
    case UnaryKind::kAffine:
      return hn::Add(hn::Mul(alpha, v), beta);
    case UnaryKind::kExp:
      return Exp(v);
    case UnaryKind::kSqrt:
      return hn::Sqrt(v);
    case UnaryKind::kReciprocal:
      return hn::Div(Constant(1.0f), v);
    case UnaryKind::kAbs:
      return hn::Abs(v);
    case UnaryKind::kNeg:
      return hn::Neg(v);
    default:
      return ApplyByLane(function, v);
  }
}

// out[i] = function(in[i]); the last, partial vector goes through a buffer.
inline void Unary(const Activation& function, const float* in, float* out, int size) {
  const D d;
  int i = 0;
  for (; i + kLanes <= size; i += kLanes) hn::StoreU(ApplyVector(function, hn::LoadU(d, in + i)), d, out + i);
  if (i == size) return;
  alignas(64) float rest[kLanes] = {};
  for (int j = i; j < size; ++j) rest[j - i] = in[j];
  hn::Store(ApplyVector(function, hn::Load(d, rest)), d, rest);
  for (int j = i; j < size; ++j) out[j] = rest[j - i];
}

}  // namespace HWY_NAMESPACE
}  // namespace recurd
HWY_AFTER_NAMESPACE();

#endif
