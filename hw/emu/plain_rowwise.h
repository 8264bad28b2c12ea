#ifndef RECURD_HW_EMU_PLAIN_ROWWISE_H_
#define RECURD_HW_EMU_PLAIN_ROWWISE_H_

#include <vector>

#include "hw/emu/gru_weights.h"

namespace recurd {
namespace emu {

// A GRU step in the order of roundings of the row-wise mappings (hybrid and aie), as plain loops: what the emulated
// array must equal to the bit.
//   dot: lane k takes columns k, k + 8, ... in order, acc = fma(v, w, acc) from zero; then lanes k and k + 4 are added,
//        k and k + 2, 0 and 1
//   gate = (b + W x) + U h; candidate, reset before: lanes fma(r, h * u, acc); after: r * (U h + b_u)
//   activation: a table's entry (activation_lut.h), index floor(clamp(fma(gate, scale, middle)))
//   h' = fma(h - n, z, n)
class PlainRowwise {
 public:
  PlainRowwise(const GruWeights& weights, bool reset_before);

  // Shapes: x [input_size], h [hidden_size], in place.
  void Step(const float* x, float* h) const;

 private:
  float Activate(int gate, float value) const;
  float Candidate(int row, const std::vector<float>& reset, const float* h) const;

  const GruWeights& weights_;
  bool reset_before_;
  std::vector<float> sigmoid_, tanh_;
};

}  // namespace emu
}  // namespace recurd

#endif  // RECURD_HW_EMU_PLAIN_ROWWISE_H_
