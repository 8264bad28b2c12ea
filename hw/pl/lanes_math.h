#ifndef RECURD_HW_PL_LANES_MATH_H_
#define RECURD_HW_PL_LANES_MATH_H_

#include <math.h>

#include "hw/config/lanes.h"
#include "hw/pl/activation_lut.h"

// What the PL computes on what the tiles send, one lane at a time. A fused multiply-add is LogiCORE's (PG060): Versal's
// DSPFP32 rounds the product before it adds, so kExact can't use it that way. Both take denormals for zeros (AM004
// Subnormals; PG060), as the numerics profile does. C++14.
namespace recurd {
namespace hw {

template <LaneNumerics numerics>
struct lanes_math;

// The paper's tables. A gate arrives as the position of its entry (lanes.h); cut off, saturated outside.
template <>
struct lanes_math<LaneNumerics::kLut> {
  static float sigmoid(float position) {
#pragma HLS INLINE
    RECURD_ROM(table, fill_sigmoid);
    return table[index_of(position)];
  }
  static float tanh(float position) {
#pragma HLS INLINE
    RECURD_ROM(table, fill_tanh);
    return table[index_of(position)];
  }
  static float tanh_of_state(float c) {
    const float scaled = c * LutScale(kTanhRange);
    return tanh(scaled + kLutMiddle);
  }
  // r * state + input, the product rounded.
  static float candidate(float r, float state, float input) {
    const float product = r * state;
    return product + input;
  }
  // z * h and 1 - z are over before n comes.
  static float blend(float z, float h, float n) {
    const float kept = z * h, share = 1.0f - z;
    const float fresh = share * n;
    return fresh + kept;
  }
  static float cell(float f, float c, float i, float g) {
    const float fresh = i * g, kept = f * c;
    return kept + fresh;
  }

  static int index_of(float position) {
    if (!(position > 0)) return 0;
    return position < kLutWords - 1 ? static_cast<int>(position) : kLutWords - 1;
  }
};

// The server's numerics profile. A gate arrives as e^v, the candidate and c as e^2v - 1 (lane_exp.h); divisions round
// as IEEE has them.
template <>
struct lanes_math<LaneNumerics::kExact> {
  static float sigmoid(float e) { return e / (e + 1.0f); }
  static float tanh(float t) { return t / (t + 2.0f); }
  static float blend(float z, float h, float n) { return fmaf(z, h - n, n); }
  static float cell(float f, float c, float i, float g) { return fmaf(f, c, i * g); }
};

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_PL_LANES_MATH_H_
