#ifndef RECURD_HW_CONFIG_LANES_H_
#define RECURD_HW_CONFIG_LANES_H_

#include "hw/config/activation.h"
#include "hw/config/timing.h"

// What graph, PL kernels and timing model of the `lanes` mapping agree on. C++14.
namespace recurd {
namespace hw {

// Reset before and after the matrix: gru_config.h. Gates in order: GRU r, z, n; LSTM i, f, o, g. The last one is the
// candidate.
enum class LaneCell { kGruBefore, kGruAfter, kLstm };

// A layer's roundings. The tiles know two kinds: of kExact, where every rounding is the one of the server's numerics
// profile (f32/col2/act1/ftz), they send powers of e; of all others the sums, and only the PL differs. Of kLut weights
// and biases come multiplied by the table's entries per unit, so that a sum is a position in it.
typedef ActivationForm LaneNumerics;

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

// PL cycles of sigmoid or tanh of what the tiles send. Where an entry is read, its distance to the argument is computed
// meanwhile: index, subtraction.
inline Cycles ActivationLatency(const Timing& t, ActivationForm form) {
  const Cycles subtract = t.pl_integer + t.pl_add, entry = t.pl_lookup > subtract ? t.pl_lookup : subtract;
  switch (form) {
    case ActivationForm::kLut:
      return t.pl_lookup;
    case ActivationForm::kExact:
      return t.pl_add + t.pl_divide;
    case ActivationForm::kLutInterpolated:
      return entry + t.pl_multiply_add;
    case ActivationForm::kPiecewiseLinear:
      return 2 * t.pl_integer + t.pl_multiply_add;  // compares, and a choice of constants
    case ActivationForm::kCordic:
      return kCordicDepth * t.pl_integer;
    case ActivationForm::kPolynomial:
      return entry + 3 * t.pl_multiply_add;
  }
  return 0;
}

// PL cycles from the reads of an iteration to its write: its operators one after the other (lanes_gru.h, lanes_lstm.h),
// and the register of the output.   phase: 0 ends in the second vector, 1 in the new state.
inline Cycles LaneLatency(const Timing& t, LaneCell cell, LaneNumerics numerics, int phase) {
  const bool exact = numerics == LaneNumerics::kExact;
  const Cycles activation = ActivationLatency(t, numerics);
  const Cycles output = 1;
  if (phase == 0) {
    if (cell == LaneCell::kGruBefore) return activation + t.pl_multiply + output;
    if (cell == LaneCell::kGruAfter) return activation + output;
    return activation + t.pl_multiply + t.pl_fused + output;
  }
  if (cell == LaneCell::kLstm) {
    const Cycles position = numerics == LaneNumerics::kLut ? t.pl_multiply_add : 0;  // of c in the table
    const Cycles cell_state = exact ? 0 : activation + t.pl_multiply + t.pl_multiply_add + position;
    return cell_state + activation + t.pl_multiply + output;
  }
  const Cycles blend = exact ? t.pl_add + t.pl_fused : t.pl_multiply_add;
  const Cycles reset = LaneTwoPhases(cell, numerics) ? 0 : activation + t.pl_multiply_add;
  return reset + activation + blend + output;
}

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_CONFIG_LANES_H_
