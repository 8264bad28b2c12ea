#ifndef RECURD_HW_PL_ACTIVATION_PIECEWISE_LINEAR_H_
#define RECURD_HW_PL_ACTIVATION_PIECEWISE_LINEAR_H_

#include "hw/pl/activation.h"

namespace recurd {
namespace hw {

// Of tanh, for arguments from 0 on: where segments end, and their lines. The least largest error that so many segments
// can have, joined, through the origin and up to 1: each line is too low by it in its middle and too high at its ends.
// Behind the last stands 1.
struct segments {
  float end[kSegments], slope[kSegments + 1], intercept[kSegments + 1];
};
constexpr segments kTanhSegments = {
    {0.202375382f, 0.349762261f, 0.477672756f, 0.598286331f, 0.716961801f, 0.837158322f, 0.961762786f, 1.09369731f,
     1.23637843f, 1.39426386f, 1.57372725f, 1.78473949f, 2.04463768f, 2.38832736f, 2.90542436f, 3.99546218f},
    {0.989912391f, 0.926185548f, 0.846006989f, 0.758216262f, 0.667322457f, 0.57636565f, 0.487632155f, 0.402938575f,
     0.323770255f, 0.251358926f, 0.186729759f, 0.130731776f, 0.0840583593f, 0.0472613648f, 0.0207613483f,
     0.00485770032f, 0},
    {0, 0.0128967492f, 0.0409401804f, 0.0828754306f, 0.137255922f, 0.202468514f, 0.276752472f, 0.358207613f,
     0.444793791f, 0.534321606f, 0.624431729f, 0.712557256f, 0.795857131f, 0.87109369f, 0.934384406f, 0.980591238f, 1}};

// A few straight lines: no table, a multiplier and an adder.
// Errors: sigmoid 3.4e-4, tanh 6.8e-4.   Both are monotone but for a last bit where lines meet.
template <>
struct activation<ActivationForm::kPiecewiseLinear> {
  static float tanh(float x) {
    const float size = magnitude(x, kEnd);
    const int i = segment_of(size);
    const float product = kTanhSegments.slope[i] * size;
    const float y = product + kTanhSegments.intercept[i];
    return x >= 0 ? y : -y;
  }
  // (1 + tanh(x / 2)) / 2, the halves being in the constants.
  static float sigmoid(float x) {
    const float size = 0.5f * magnitude(x, 2 * kEnd);
    const int i = segment_of(size);
    const float product = 0.5f * kTanhSegments.slope[i] * size, half = 0.5f * kTanhSegments.intercept[i];
    return x >= 0 ? (0.5f + half) + product : (0.5f - half) - product;
  }

 private:
  static constexpr float kEnd = kTanhSegments.end[kSegments - 1];

  // All compares at once.
  static int segment_of(float size) {
    int index = 0;
    for (int i = 0; i < kSegments; ++i) index += size >= kTanhSegments.end[i];
    return index;
  }
};

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_PL_ACTIVATION_PIECEWISE_LINEAR_H_
