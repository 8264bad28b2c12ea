#ifndef RECURD_HW_PL_ACTIVATION_LUT_INTERPOLATED_H_
#define RECURD_HW_PL_ACTIVATION_LUT_INTERPOLATED_H_

#include "hw/pl/activation.h"

namespace recurd {
namespace hw {

// An interval's value on the left, and what it rises by. Of sigmoid: the value, that of the negative argument, and the
// rise.
typedef float tanh_lines[kLineIntervals][2];
typedef float sigmoid_lines[kLineIntervals][3];

// The last interval ends in 1.
inline float tanh_knot(int index) {
  return index < kLineIntervals ? static_cast<float>(::tanh(index * (kLineRange / double(kLineIntervals)))) : 1.0f;
}
inline void fill_tanh_lines(tanh_lines& table) {
  for (int i = 0; i < kLineIntervals; ++i) {
    table[i][0] = tanh_knot(i);
    table[i][1] = tanh_knot(i + 1) - tanh_knot(i);
  }
}
inline void fill_sigmoid_lines(sigmoid_lines& table) {
  for (int i = 0; i < kLineIntervals; ++i) {
    const float above = 0.5f + 0.5f * tanh_knot(i);
    table[i][0] = above;
    table[i][1] = 1.0f - above;
    table[i][2] = (0.5f + 0.5f * tanh_knot(i + 1)) - above;
  }
}

// Straight lines between the entries of a table for arguments from 0 on, to which the other half is a mirror.
// Errors: sigmoid 1.2e-5, tanh 2.4e-5.   Both are monotone.
template <>
struct activation<ActivationForm::kLutInterpolated> {
  static float tanh(float x) {
    RECURD_ROM_OF(tanh_lines, table, fill_tanh_lines);
    const float position = magnitude(x, kMost) * kPerUnit;
    const int index = static_cast<int>(position);
    const float rise = (position - static_cast<float>(index)) * table[index][1];
    const float y = table[index][0] + rise;
    return x >= 0 ? y : -y;
  }
  static float sigmoid(float x) {
    RECURD_ROM_OF(sigmoid_lines, table, fill_sigmoid_lines);
    const float position = magnitude(x, 2 * kMost) * (kPerUnit / 2);
    const int index = static_cast<int>(position);
    const float rise = (position - static_cast<float>(index)) * table[index][2];
    return x >= 0 ? table[index][0] + rise : table[index][1] - rise;
  }

 private:
  static constexpr float kMost = kBelowOne * kLineRange;
  static constexpr float kPerUnit = kLineIntervals / kLineRange;  // a power of two: it only moves an exponent
};

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_PL_ACTIVATION_LUT_INTERPOLATED_H_
