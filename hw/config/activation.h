#ifndef RECURD_HW_CONFIG_ACTIVATION_H_
#define RECURD_HW_CONFIG_ACTIVATION_H_

#include "hw/config/contract.h"

// How sigmoid and tanh of a recurrent layer are computed. C++14.
namespace recurd {
namespace hw {

// kExact: the server's own functions, e^x in the tiles. kLut: the paper's tables, cut off. All others are functions of
// hw/pl/activation_*.h, which the server's cpu pipeline calls too. The values stand in PackNumerics().
enum class ActivationForm : uint32_t {
  kLut = 0,
  kExact = 1,
  kLutInterpolated = 2,
  kPiecewiseLinear = 3,
  kCordic = 4,
  kPolynomial = 5,
};

// kLut: a table's entries per unit of its argument, and the position of argument 0.
constexpr float LutScale(float range) { return (kLutWords - 1) / (2 * range); }
constexpr float kLutMiddle = (kLutWords - 1) / 2.0f;

// kLutInterpolated: intervals of tanh between 0 and the range; sigmoid, which is a tanh of half its argument, has as
// many up to twice the range.
constexpr int kLineIntervals = 512;
constexpr float kLineRange = 8.0f;

// kPiecewiseLinear: segments of tanh between 0 and where it is taken for 1.
constexpr int kSegments = 16;

// kPolynomial: the same as of kLineIntervals, each with a polynomial of the third degree.
constexpr int kCubicPieces = 64;
constexpr float kCubicRange = 8.0f;

// The largest float below 1: what is multiplied by it stays inside a table.
constexpr float kBelowOne = 1.0f - 1.0f / (1 << 24);

// kCordic: bits of a result. Two of the rotations are done twice; five subtractions divide by ln 2. Its adders, shifts
// and compares one behind the other: to fixed point, division by ln 2, rotations, a shift and an add, the quotient's
// bits, sign, and back to floating point (two).
constexpr int kCordicBits = 20;
constexpr int kCordicRotations = kCordicBits + 2;
constexpr int kCordicHalvings = 5;
constexpr int kCordicDepth = 1 + kCordicHalvings + kCordicRotations + 2 + kCordicBits + 1 + 2;

// A form's tables: entries each, and 32-bit words an entry.
struct ActivationRom {
  int entries, sigmoid_words, tanh_words;

  constexpr int bytes() const { return 4 * entries * (sigmoid_words + tanh_words); }
};
constexpr ActivationRom RomOf(ActivationForm form) {
  return form == ActivationForm::kLut               ? ActivationRom{kLutWords, 1, 1}
         : form == ActivationForm::kLutInterpolated ? ActivationRom{kLineIntervals, 3, 2}
         : form == ActivationForm::kPolynomial      ? ActivationRom{kCubicPieces, 5, 4}
                                                    : ActivationRom{0, 0, 0};
}

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_CONFIG_ACTIVATION_H_
