#ifndef RECURD_HW_PL_LANES_MATH_H_
#define RECURD_HW_PL_LANES_MATH_H_

#include <math.h>

#include "hw/config/lanes.h"
#include "hw/pl/activation_cordic.h"
#include "hw/pl/activation_lut.h"
#include "hw/pl/activation_lut_interpolated.h"
#include "hw/pl/activation_piecewise_linear.h"
#include "hw/pl/activation_polynomial.h"

// What the PL computes on what the tiles send, one lane at a time. A fused multiply-add is LogiCORE's (PG060): Versal's
// DSPFP32 rounds the product before it adds, so kExact can't use it that way. Both take denormals for zeros (AM004
// Subnormals; PG060), as the numerics profile does. C++14.
namespace recurd {
namespace hw {

// Products are rounded.
struct lanes_blends {
  // r * state + input.
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
};

// A gate arrives as it is.
template <LaneNumerics numerics>
struct lanes_math : lanes_blends {
  static float sigmoid(float gate) { return activation<numerics>::sigmoid(gate); }
  static float tanh(float gate) { return activation<numerics>::tanh(gate); }
  static float tanh_of_state(float c) { return activation<numerics>::tanh(c); }
};

// A gate arrives as the position of its entry (lanes.h).
template <>
struct lanes_math<LaneNumerics::kLut> : lanes_blends {
  static float sigmoid(float position) { return activation<LaneNumerics::kLut>::sigmoid_at(position); }
  static float tanh(float position) { return activation<LaneNumerics::kLut>::tanh_at(position); }
  static float tanh_of_state(float c) { return activation<LaneNumerics::kLut>::tanh(c); }
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
