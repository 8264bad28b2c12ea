#include "server/numeric/activation.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "server/numeric/double_math.h"
#include "server/numeric/exp_core.h"

namespace recurd {
namespace {

namespace core = exp_core;

// NaN stays NaN.
template <typename T>
T Clamp(T x, T low, T high) {
  return x < low ? low : x > high ? high : x;
}

struct Core {
  uint32_t k;  // the low bits are n + 127
  float p;     // e^r - 1
};

Core RunCore(float x) {
  const float k = std::fma(x, core::kLog2E, core::kMagic);
  const float n = k - core::kMagic;
  const float r = std::fma(n, -core::kLn2Low, std::fma(n, -core::kLn2High, x));
  const float r2 = r * r;
  const float low = std::fma(core::kC3, r, core::kC2);
  const float high = std::fma(core::kC6, r2, std::fma(core::kC5, r, core::kC4));
  const float q = std::fma(high, r2, low);
  return {std::bit_cast<uint32_t>(k), std::fma(q, r2, r)};
}

float PowerOfTwo(uint32_t biased_exponent) { return std::bit_cast<float>(biased_exponent << 23); }

bool IsOddInteger(float y) { return std::fmod(y, 2.0f) == 1 || std::fmod(y, 2.0f) == -1; }

}  // namespace

float Exp(float x) {
  const Core c = RunCore(Clamp(x, core::kExpLow, core::kExpHigh));
  const auto n = static_cast<int32_t>(c.k - std::bit_cast<uint32_t>(core::kMagic));
  const int32_t half = n >> 1;
  const float s = PowerOfTwo(static_cast<uint32_t>(half) + 127);
  return std::fma(s, c.p, s) * PowerOfTwo(static_cast<uint32_t>(n) - static_cast<uint32_t>(half) + 127);
}

float Expm1(float x) {
  const Core c = RunCore(Clamp(x, -core::kClamp, core::kClamp));
  const float s = PowerOfTwo(c.k);
  return std::fma(s, c.p, s - 1.0f);
}

float Sigmoid(float x) {
  const Core c = RunCore(Clamp(x, -core::kClamp, core::kClamp));
  const float s = PowerOfTwo(c.k);
  const float e = std::fma(s, c.p, s);
  return e / (e + 1.0f);
}

float Tanh(float x) {
  const float t = Expm1(x + x);
  return t / (t + 2.0f);
}

float Log(float x) {
  if (x == 0) return -std::numeric_limits<float>::infinity();
  if (x < 0) return std::numeric_limits<float>::quiet_NaN();
  if (!(x < std::numeric_limits<float>::infinity())) return x;
  return static_cast<float>(double_math::Log(x));
}

float Softplus(float x) {
  if (std::isnan(x)) return x;
  const double tail = double_math::Log1p(double_math::Exp(x > 0 ? -static_cast<double>(x) : x));
  return static_cast<float>(x > 0 ? x + tail : tail);
}

float Erf(float x) { return std::isnan(x) ? x : static_cast<float>(double_math::Erf(x)); }

float Pow(float x, float y) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  if (y == 0 || x == 1) return 1;
  if (std::isnan(x) || std::isnan(y)) return std::numeric_limits<float>::quiet_NaN();
  const float size = std::fabs(x);
  if (std::isinf(y)) return size == 1 ? 1 : (size > 1) == (y > 0) ? kInfinity : 0.0f;
  if (x < 0 && size != kInfinity && std::floor(y) != y) return std::numeric_limits<float>::quiet_NaN();
  const float sign = std::signbit(x) && IsOddInteger(y) ? -1.0f : 1.0f;
  if (size == 0) return y < 0 ? sign * kInfinity : sign * 0.0f;
  if (size == kInfinity) return y > 0 ? sign * kInfinity : sign * 0.0f;
  return sign * static_cast<float>(double_math::Exp(y * double_math::Log(size)));
}

double Exp(double x) { return std::exp(x); }
double Expm1(double x) { return std::expm1(x); }
double Sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double Tanh(double x) { return std::tanh(x); }
double Log(double x) { return std::log(x); }
double Softplus(double x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }
double Erf(double x) { return std::erf(x); }
double Pow(double x, double y) { return std::pow(x, y); }

template <typename T>
T Apply(const Activation& function, T x) {
  const T alpha = function.alpha, beta = function.beta;
  switch (function.kind) {
    case UnaryKind::kIdentity:
      return x;
    case UnaryKind::kRelu:
      return x < 0 ? T{0} : x;
    case UnaryKind::kLeakyRelu:
      return x < 0 ? alpha * x : x;
    case UnaryKind::kThresholdedRelu:
      return x <= alpha ? T{0} : x;
    case UnaryKind::kSigmoid:
      return Sigmoid(x);
    case UnaryKind::kHardSigmoid:
      return Clamp(alpha * x + beta, T{0}, T{1});
    case UnaryKind::kTanh:
      return Tanh(x);
    case UnaryKind::kScaledTanh:
      return alpha * Tanh(beta * x);
    case UnaryKind::kElu:
      return x < 0 ? alpha * Expm1(x) : x;
    case UnaryKind::kSoftsign:
      return x / (1 + std::fabs(x));
    case UnaryKind::kSoftplus:
      return Softplus(x);
    case UnaryKind::kAffine:
      return alpha * x + beta;
    case UnaryKind::kExp:
      return Exp(x);
    case UnaryKind::kLog:
      return Log(x);
    case UnaryKind::kSqrt:
      return std::sqrt(x);
    case UnaryKind::kReciprocal:
      return 1 / x;
    case UnaryKind::kAbs:
      return std::fabs(x);
    case UnaryKind::kNeg:
      return -x;
    case UnaryKind::kErf:
      return Erf(x);
  }
  return x;
}

template <typename T>
T Apply(BinaryKind kind, T a, T b) {
  switch (kind) {
    case BinaryKind::kAdd:
      return a + b;
    case BinaryKind::kSub:
      return a - b;
    case BinaryKind::kMul:
      return a * b;
    case BinaryKind::kDiv:
      return a / b;
    case BinaryKind::kMin:
      return a < b || std::isnan(a) ? a : b;
    case BinaryKind::kMax:
      return a > b || std::isnan(a) ? a : b;
    case BinaryKind::kPow:
      return Pow(a, b);
  }
  return a;
}

template float Apply(const Activation&, float);
template double Apply(const Activation&, double);
template float Apply(BinaryKind, float, float);
template double Apply(BinaryKind, double, double);

}  // namespace recurd
