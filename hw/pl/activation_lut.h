#ifndef RECURD_HW_PL_ACTIVATION_LUT_H_
#define RECURD_HW_PL_ACTIVATION_LUT_H_

#include "hw/pl/activation.h"

namespace recurd {
namespace hw {

// Where entry `index` of a table that spans [-range, range] stands.
inline double lut_position(int index, double range) { return -range + 2 * range * index / (kLutWords - 1); }

typedef float lut_rom[kLutWords];
#define RECURD_ROM(table, fill) RECURD_ROM_OF(lut_rom, table, fill)

// Fills an activation's table.
// Source: arXiv 2511.15626, section 4; size and ranges of its authors' public tables.   C++14.
inline void fill_sigmoid(lut_rom& table) {
  for (int i = 0; i < kLutWords; ++i) {
    table[i] = static_cast<float>(1.0 / (1.0 + exp(-lut_position(i, kSigmoidRange))));
  }
}
inline void fill_tanh(lut_rom& table) {
  for (int i = 0; i < kLutWords; ++i) table[i] = static_cast<float>(tanh(lut_position(i, kTanhRange)));
}

// The entry at or below the argument, saturated outside.
// Errors: sigmoid 2.5e-3, tanh 1.1e-3.   Both are monotone.
template <>
struct activation<ActivationForm::kLut> {
  // By the position in the table: the lanes mapping's tiles yield that, its weights being scaled.
  static float sigmoid_at(float position) {
    RECURD_ROM(table, fill_sigmoid);
    return table[index_of(position)];
  }
  static float tanh_at(float position) {
    RECURD_ROM(table, fill_tanh);
    return table[index_of(position)];
  }
  static float sigmoid(float x) {
    const float scaled = x * LutScale(kSigmoidRange);
    return sigmoid_at(scaled + kLutMiddle);
  }
  static float tanh(float x) {
    const float scaled = x * LutScale(kTanhRange);
    return tanh_at(scaled + kLutMiddle);
  }

  static int index_of(float position) {
    if (!(position > 0)) return 0;
    return position < kLutWords - 1 ? static_cast<int>(position) : kLutWords - 1;
  }
};

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_PL_ACTIVATION_LUT_H_
