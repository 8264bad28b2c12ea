#ifndef RECURD_HW_PL_ACTIVATION_H_
#define RECURD_HW_PL_ACTIVATION_H_

#include <math.h>

#include "hw/config/activation.h"

namespace recurd {
namespace hw {

// Sigmoid and tanh in one form; a header a form specializes it. The PL, the emulator and the server's cpu pipeline call
// these very functions. Every float has a result: sigmoid in [0, 1], tanh in [-1, 1]; NaN counts as -infinity, and
// denormals may count as zero. Largest errors and whether a function is monotone stand at each form; they are absolute,
// over all floats, against double precision. Products are rounded before they are added (AM004, DSPFP32).   C++14.
template <ActivationForm form>
struct activation;

// A table that is filled once: under HLS in the form that it turns into a ROM, in a program before its first use.
// Source: UG1399, Initializing and Resetting Arrays.
#ifdef __SYNTHESIS__
#define RECURD_ROM_OF(type, table, fill) \
  static type table;                     \
  fill(table)
#else
#define RECURD_ROM_OF(type, table, fill)                     \
  static type table;                                         \
  static const bool table##_is_filled = (fill(table), true); \
  static_cast<void>(table##_is_filled)
#endif

// |x|, at most `most`, which NaN is taken for.
inline float magnitude(float x, float most) {
  const float size = fabsf(x);
  return size < most ? size : most;
}

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_PL_ACTIVATION_H_
