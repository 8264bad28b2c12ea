#include "server/numeric/double_math.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace recurd::double_math {
namespace {

// ln 2 in two parts, the first with 20 trailing zero bits so that its product with an exponent is exact.
constexpr double kLn2High = 0x1.62e42fee00000p-1;
constexpr double kLn2Low = 0x1.a39ef35793c76p-33;
constexpr double kLog2E = 0x1.71547652b82fep+0;
constexpr double kMagic = 0x1.8p+52;
constexpr double kSqrt2 = 0x1.6a09e667f3bcdp+0;

// 2 atanh(f) for |f| <= 1/3 by its power series: the first term left out is below 1e-17 of the sum.
double TwoAtanh(double f) {
  const double square = f * f;
  double sum = 0;
  for (int k = 17; k >= 0; --k) sum = sum * square + 1.0 / (2 * k + 1);
  return 2 * f * sum;
}

// erf(x) / x for |x| <= 3.95 as a Chebyshev series in t = 2 (x / 3.95)^2 - 1; relative error below 1.1e-11.
constexpr double kErfEnd = 3.95;
constexpr std::array<double, 21> kErfSeries = {
    0.49000169093723256,    -0.34592660882536075,    0.16072903696939364,    -0.07519160855977182,
    0.03367616464746752,    -0.014190796359630692,   0.005588713823587077,   -0.002052789450166151,
    0.000703420060530003,   -0.00022519522526702257, 6.749740253787517e-05,  -1.8986225504172245e-05,
    5.024612852859595e-06,  -1.2542036269635313e-06, 2.9600343320065333e-07, -6.620759637090095e-08,
    1.4065982379519939e-08, -2.8444519893203276e-09, 5.485998512262564e-10,  -1.0109910126457532e-10,
    1.7835214069624836e-11};

}  // namespace

double Exp(double x) {
  x = std::clamp(x, -200.0, 200.0);
  const double n = (x * kLog2E + kMagic) - kMagic;
  const double r = (x - n * kLn2High) - n * kLn2Low;
  double sum = 1;
  for (int k = 13; k >= 1; --k) sum = 1 + sum * r / k;
  return sum * std::bit_cast<double>(static_cast<uint64_t>(static_cast<int64_t>(n) + 1023) << 52);
}

double Log(double x) {
  const uint64_t bits = std::bit_cast<uint64_t>(x);
  int exponent = static_cast<int>(bits >> 52) - 1023;
  double mantissa = std::bit_cast<double>((bits & 0xFFFFFFFFFFFFF) | (uint64_t{1023} << 52));
  if (mantissa > kSqrt2) {
    mantissa /= 2;
    ++exponent;
  }
  return exponent * kLn2High + (TwoAtanh((mantissa - 1) / (mantissa + 1)) + exponent * kLn2Low);
}

double Log1p(double x) { return TwoAtanh(x / (2 + x)); }

double Erf(double x) {
  const double end = std::clamp(x, -kErfEnd, kErfEnd);
  const double t = 2 * (end / kErfEnd) * (end / kErfEnd) - 1;
  double next = 0, after = 0;  // Clenshaw's recurrence
  for (int k = static_cast<int>(kErfSeries.size()) - 1; k > 0; --k) {
    const double value = 2 * t * next - after + kErfSeries[k];
    after = next;
    next = value;
  }
  return end * (t * next - after + kErfSeries[0]);
}

}  // namespace recurd::double_math
