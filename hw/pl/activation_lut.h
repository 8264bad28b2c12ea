#ifndef RECURD_HW_PL_ACTIVATION_LUT_H_
#define RECURD_HW_PL_ACTIVATION_LUT_H_

#include <math.h>

#include "hw/config/contract.h"

namespace recurd {
namespace hw {

// Where entry `index` of a table that spans [-range, range] stands.
inline double lut_position(int index, double range) { return -range + 2 * range * index / (kLutWords - 1); }

// A table that is filled once: under HLS in the form that it turns into a ROM, in a program before its first use.
// Source: UG1399, Initializing and Resetting Arrays.
#ifdef __SYNTHESIS__
#define RECURD_ROM(table, fill)  \
  static float table[kLutWords]; \
  fill(table)
#else
#define RECURD_ROM(table, fill)                              \
  static float table[kLutWords];                             \
  static const bool table##_is_filled = (fill(table), true); \
  static_cast<void>(table##_is_filled)
#endif

// Fills an activation's table.
// Source: arXiv 2511.15626, section 4; size and ranges of its authors' public tables.   C++14.
inline void fill_sigmoid(float (&table)[kLutWords]) {
  for (int i = 0; i < kLutWords; ++i) {
    table[i] = static_cast<float>(1.0 / (1.0 + exp(-lut_position(i, kSigmoidRange))));
  }
}
inline void fill_tanh(float (&table)[kLutWords]) {
  for (int i = 0; i < kLutWords; ++i) table[i] = static_cast<float>(tanh(lut_position(i, kTanhRange)));
}

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_PL_ACTIVATION_LUT_H_
