#ifndef RECURD_HW_EMU_PLAIN_COLWISE_H_
#define RECURD_HW_EMU_PLAIN_COLWISE_H_

#include <vector>

#include "hw/emu/gru_weights.h"

namespace recurd {
namespace emu {

// The numerics profile of a layer on the cascade mapping, in the form of a server's (server/numeric/profile.h): order
// of sums, activations. "chain8" and "lut1" are what PlainColwise says.
constexpr char kColwiseProfile[] = "f32/chain8/lut1/ftz";

// A GRU step in the order of roundings of the cascade mapping, as plain loops: what the emulated array must equal to
// the bit. Threads: one at a time. Allocates: in the constructor only.
//   part of a row: acc = fma(v, w, acc) over eight columns in order, from zero
//   dot = ((part 0 + part 1) + part 2) + ...
//   gate = (b + W x) + U h; candidate, reset before: U h of v = h * r; after: (U h + b_u) * r
//   activation: a table's entry (activation_lut.h), index floor(clamp(fma(gate, scale, middle))); a NaN takes entry 0
//   h' = fma(h - n, z, n)
class PlainColwise {
 public:
  // Keeps a reference to `weights`.
  PlainColwise(const GruWeights& weights, bool reset_before);

  // Shapes: x [input_size], h [hidden_size], in place.
  void Step(const float* x, float* h) const;

 private:
  float Activate(int gate, float value) const;

  const GruWeights& weights_;
  bool reset_before_;
  std::vector<float> sigmoid_, tanh_;
  mutable std::vector<float> gates_[hw::kGates], reset_state_;  // scratch
};

}  // namespace emu
}  // namespace recurd

#endif  // RECURD_HW_EMU_PLAIN_COLWISE_H_
