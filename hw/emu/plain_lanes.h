#ifndef RECURD_HW_EMU_PLAIN_LANES_H_
#define RECURD_HW_EMU_PLAIN_LANES_H_

#include <vector>

#include "hw/config/lanes.h"
#include "hw/emu/gru_weights.h"

namespace recurd {
namespace emu {

// The numerics profile of such a layer, in the form of a server's (server/numeric/profile.h): "col2" is the server's
// own order of sums, "lut2" is what PlainLanes says of tables and blends.
constexpr char kLanesProfile[] = "f32/col2/lut2/ftz";

// A step of a layer in the order of roundings of the lanes mapping with tables (LaneNumerics::kLut), as plain loops:
// what the emulated array must equal to the bit. (kExact equals the server's reference.)
//   product of a row: columns in order into two accumulators, even and odd, acc = fma(m, x, acc) from zero; even + odd
//   gate = (W x + b) + U h, weights and biases multiplied by the table's entries per unit, b with the table's middle
//   activation: the table's entry at the position, cut off
//   GRU, reset before: U takes r * h; after: gate = r * (U h + b_u) + (W x + b)
//   h' = (1 - z) * n + z * h;  LSTM: c' = f * c + i * g, h' = o * tanh(c')      products are rounded
// Threads: any, one at a time an object. Allocates: in the constructor only.
class PlainLanes {
 public:
  PlainLanes(const GruWeights& weights, hw::LaneCell cell);

  // Shapes: x [input_size], state [hidden_size], of an LSTM h and then c: [2 * hidden_size]; in place.
  void Step(const float* x, float* state) const;

 private:
  float Sum(int gate, int row, const float* x, const float* h, bool apart, float r) const;
  void StepGru(const float* x, float* h) const;
  void StepLstm(const float* x, float* h, float* c) const;

  int hidden_, input_;
  hw::LaneCell cell_;
  std::vector<float> w_, u_, b_, bu_;  // scaled: [gates][hidden]{[input]}, {[hidden]}
  std::vector<float> sigmoid_, tanh_;
  mutable std::vector<float> next_, reset_, taken_;  // scratch
};

}  // namespace emu
}  // namespace recurd

#endif  // RECURD_HW_EMU_PLAIN_LANES_H_
