#ifndef RECURD_HW_PL_ACTIVATION_CORDIC_H_
#define RECURD_HW_PL_ACTIVATION_CORDIC_H_

#include "hw/pl/activation.h"

namespace recurd {
namespace hw {

// Shifts and adds only, in fixed point: no table, no multiplier, no divider.
//   |x| = n ln 2 + r, by five conditional subtractions
//   e^-r = cosh r - sinh r by hyperbolic rotations, of which the fourth and the thirteenth are done twice
//   sigmoid(|x|) = 1 / (1 + 2^-n e^-r), the quotient by linear vectoring;   tanh(x) = 2 sigmoid(2 x) - 1
// Source: J. S. Walther, A unified algorithm for elementary functions, 1971.
// Errors: sigmoid 1.5e-6, tanh 3e-6.   Monotone within them.
template <>
struct activation<ActivationForm::kCordic> {
  static float sigmoid(float x) {
    const int32_t y = quotient(magnitude(x, kRange));
    return static_cast<float>(x >= 0 ? y : kOne - y) * kUnit;
  }
  static float tanh(float x) {
    const int32_t y = 2 * quotient(2 * magnitude(x, kRange / 2)) - kOne;
    return static_cast<float>(x >= 0 ? y : -y) * kUnit;
  }

 private:
  static constexpr float kRange = 16;                // 1 - sigmoid is 1.1e-7 there
  static constexpr int32_t kOne = 1 << kCordicBits;  // of results
  static constexpr float kUnit = 1.0f / (1 << kCordicBits);
  static constexpr int kAngleBits = 26, kValueBits = 29;  // behind the point: of |x| and angles; of e^-r and quotients
  static constexpr int32_t kLn2 = 46516320;               // ln 2
  static constexpr int32_t kGain = 648270052;             // 1 / the product of all sqrt(1 - 4^-i)

  // atanh(2^-i).
  static int32_t angle(int i) {
    static constexpr int32_t angles[kCordicBits] = {36863311, 17140464, 8432713, 4199778, 2097835, 1048661, 524299,
                                                    262145,   131072,   65536,   32768,   16384,   8192,    4096,
                                                    2048,     1024,     512,     256,     128,     64};
    return angles[i - 1];
  }

  // 1 / (1 + e^-size), 0 <= size <= kRange.
  static int32_t quotient(float size) {
    int32_t rest = static_cast<int32_t>(size * (1 << kAngleBits));
    int halvings = 0;
    for (int k = kCordicHalvings - 1; k >= 0; --k) {
      if (rest < kLn2 << k) continue;
      rest -= kLn2 << k;
      halvings += 1 << k;
    }
    int32_t e = kGain;
    for (int i = 1; i <= kCordicBits; ++i) {
      rotate(i, &rest, &e);
      if (i == 4 || i == 13) rotate(i, &rest, &e);
    }
    const int32_t divisor = (1 << kValueBits) + (e >> halvings);
    int32_t left = 1 << kValueBits, y = 0;
    for (int i = 1; i <= kCordicBits; ++i) {
      const bool more = left >= 0;
      left += more ? -(divisor >> i) : divisor >> i;
      y += more ? kOne >> i : -(kOne >> i);
    }
    return y;
  }

  // Turns by -atanh(2^-i), or back.
  static void rotate(int i, int32_t* rest, int32_t* e) {
    const bool down = *rest >= 0;
    *rest += down ? -angle(i) : angle(i);
    *e += down ? -(*e >> i) : *e >> i;
  }
};

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_PL_ACTIVATION_CORDIC_H_
