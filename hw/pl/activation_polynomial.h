#ifndef RECURD_HW_PL_ACTIVATION_POLYNOMIAL_H_
#define RECURD_HW_PL_ACTIVATION_POLYNOMIAL_H_

#include "hw/pl/activation.h"

namespace recurd {
namespace hw {

// A piece's polynomial in t, its argument from the piece's middle on, in pieces: -1/2..1/2. Of sigmoid: the constant
// term, that of the negative argument, and the other terms.
typedef float tanh_cubics[kCubicPieces][4];
typedef float sigmoid_cubics[kCubicPieces][5];

// Through four points of tanh, at the roots of the fourth Chebyshev polynomial, where the largest error is nearly the
// least possible. The first piece is moved through the origin.
inline void fit_tanh_cubic(int piece, double (&c)[4]) {
  const double inner = 0.5 * 0.38268343236508977, outer = 0.5 * 0.92387953251128674;  // sin, cos of pi / 8
  const double width = kCubicRange / double(kCubicPieces), middle = piece + 0.5;
  const double low = ::tanh((middle - inner) * width), high = ::tanh((middle + inner) * width);
  const double lowest = ::tanh((middle - outer) * width), highest = ::tanh((middle + outer) * width);
  const double spread = outer * outer - inner * inner;
  c[2] = ((lowest + highest) - (low + high)) / (2 * spread);
  c[3] = ((highest - lowest) / outer - (high - low) / inner) / (2 * spread);
  c[0] = (low + high) / 2 - c[2] * inner * inner;
  c[1] = (high - low) / (2 * inner) - c[3] * inner * inner;
  if (piece == 0) c[0] = 0.5 * (c[1] - 0.5 * (c[2] - 0.5 * c[3]));
}
inline void fill_tanh_cubics(tanh_cubics& table) {
  for (int i = 0; i < kCubicPieces; ++i) {
    double c[4];
    fit_tanh_cubic(i, c);
    for (int k = 0; k < 4; ++k) table[i][k] = static_cast<float>(c[k]);
  }
}
inline void fill_sigmoid_cubics(sigmoid_cubics& table) {
  for (int i = 0; i < kCubicPieces; ++i) {
    double c[4];
    fit_tanh_cubic(i, c);
    table[i][0] = static_cast<float>(0.5 + 0.5 * c[0]);
    table[i][1] = static_cast<float>(0.5 - 0.5 * c[0]);
    for (int k = 1; k < 4; ++k) table[i][k + 1] = static_cast<float>(0.5 * c[k]);
  }
}

// A cubic a piece, in Horner's scheme: no division, and near to all that fp32 can say.
// Errors: sigmoid 2.5e-7, tanh 4e-7.   Both are monotone within them.
template <>
struct activation<ActivationForm::kPolynomial> {
  static float tanh(float x) {
    RECURD_ROM_OF(tanh_cubics, table, fill_tanh_cubics);
    const float position = magnitude(x, kMost) * kPerUnit;
    const int i = static_cast<int>(position);
    const float y = table[i][0] + rise(position, i, table[i][1], table[i][2], table[i][3]);
    return x >= 0 ? y : -y;
  }
  static float sigmoid(float x) {
    RECURD_ROM_OF(sigmoid_cubics, table, fill_sigmoid_cubics);
    const float position = magnitude(x, 2 * kMost) * (kPerUnit / 2);
    const int i = static_cast<int>(position);
    const float up = rise(position, i, table[i][2], table[i][3], table[i][4]);
    return x >= 0 ? table[i][0] + up : table[i][1] - up;
  }

 private:
  static constexpr float kMost = kBelowOne * kCubicRange;
  static constexpr float kPerUnit = kCubicPieces / kCubicRange;  // a power of two: it only moves an exponent

  static float rise(float position, int piece, float c1, float c2, float c3) {
    const float t = position - (static_cast<float>(piece) + 0.5f);
    const float p3 = c3 * t;
    const float p2 = (p3 + c2) * t;
    return (p2 + c1) * t;
  }
};

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_PL_ACTIVATION_POLYNOMIAL_H_
