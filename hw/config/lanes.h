#ifndef RECURD_HW_CONFIG_LANES_H_
#define RECURD_HW_CONFIG_LANES_H_

#include "hw/config/contract.h"
#include "hw/config/timing.h"

// What graph, PL kernels and timing model of the `lanes` mapping agree on. C++14.
namespace recurd {
namespace hw {

// Reset before and after the matrix: gru_config.h. Gates in order: GRU r, z, n; LSTM i, f, o, g. The last one is the
// candidate.
enum class LaneCell { kGruBefore, kGruAfter, kLstm };

// kExact: every rounding is the one of the server's numerics profile (f32/col2/act1/ftz). kLut: the same sums, the
// paper's tables; weights and biases come multiplied by the table's entries per unit, so that a sum is a position in
// it.
enum class LaneNumerics { kLut, kExact };

constexpr int LaneGates(LaneCell cell) { return cell == LaneCell::kLstm ? 4 : 3; }
constexpr int LaneCandidate(LaneCell cell) { return LaneGates(cell) - 1; }
// Words of a layer's state row: h, and behind it c for an LSTM, each padded.
constexpr int LaneStateWords(LaneCell cell, int hidden) {
  return PaddedWords(hidden) * (cell == LaneCell::kLstm ? 2 : 1);
}
// Whether the candidate's tiles wait for a second vector in each step: r * h, r or c.
constexpr bool LaneTwoPhases(LaneCell cell, LaneNumerics numerics) {
  return cell == LaneCell::kGruBefore || numerics == LaneNumerics::kExact;
}

// A table's entries per unit of its argument, and the position of argument 0.
constexpr float LutScale(float range) { return (kLutWords - 1) / (2 * range); }
constexpr float kLutMiddle = (kLutWords - 1) / 2.0f;

// PL cycles from the reads of an iteration to its write: its operators one after the other (lanes_gru.h, lanes_lstm.h),
// and the register of the output.   phase: 0 ends in the second vector, 1 in the new state.
inline Cycles LaneLatency(const Timing& t, LaneCell cell, LaneNumerics numerics, int phase) {
  const bool lut = numerics == LaneNumerics::kLut;
  const Cycles activation = lut ? t.pl_lookup : t.pl_add + t.pl_divide;
  const Cycles output = 1;
  if (phase == 0) {
    if (cell == LaneCell::kGruBefore) return activation + t.pl_multiply + output;
    if (cell == LaneCell::kGruAfter) return activation + output;
    return activation + t.pl_multiply + t.pl_fused + output;
  }
  if (cell == LaneCell::kLstm) {
    const Cycles cell_state = lut ? activation + t.pl_multiply + 2 * t.pl_multiply_add : 0;
    return cell_state + activation + t.pl_multiply + output;
  }
  const Cycles blend = lut ? t.pl_multiply_add : t.pl_add + t.pl_fused;
  const Cycles reset = LaneTwoPhases(cell, numerics) ? 0 : activation + t.pl_multiply_add;
  return reset + activation + blend + output;
}

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_CONFIG_LANES_H_
