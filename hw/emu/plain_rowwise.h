#ifndef RECURD_HW_EMU_PLAIN_ROWWISE_H_
#define RECURD_HW_EMU_PLAIN_ROWWISE_H_

#include <vector>

#include "hw/emu/gru_weights.h"

namespace recurd {
namespace emu {

// The numerics profile of a layer on a row-wise mapping, in the form of a server's (server/numeric/profile.h): order of
// sums, activations. "row8" and "lut1" are what PlainRowwise says.
constexpr char kRowwiseProfile[] = "f32/row8/lut1/ftz";

// A GRU step in the order of roundings of the row-wise mappings (hybrid and aie), as plain loops: what the emulated
// array must equal to the bit. Threads: one at a time. Allocates: in the constructor only.
//   dot: lane k takes columns k, k + 8, ... in order, acc = fma(v, w, acc) from zero; then lanes k and k + 4 are added,
//        k and k + 2, 0 and 1
//   gate = (b + W x) + U h; candidate, reset before: lanes fma(r, h * u, acc); after: r * (U h + b_u)
//   activation: a table's entry (activation_lut.h), index floor(clamp(fma(gate, scale, middle))); a NaN takes entry 0
//   h' = fma(h - n, z, n)
class PlainRowwise {
 public:
  // Keeps a reference to `weights`.
  PlainRowwise(const GruWeights& weights, bool reset_before);

  // Shapes: x [input_size], h [hidden_size], in place.
  void Step(const float* x, float* h) const;

 private:
  float Activate(int gate, float value) const;
  float Candidate(int row, const float* h) const;

  const GruWeights& weights_;
  bool reset_before_;
  std::vector<float> sigmoid_, tanh_;
  mutable std::vector<float> gates_[hw::kGates], products_;  // scratch
};

}  // namespace emu
}  // namespace recurd

#endif  // RECURD_HW_EMU_PLAIN_ROWWISE_H_
