#ifndef RECURD_HW_PL_LANES_LSTM_H_
#define RECURD_HW_PL_LANES_LSTM_H_

#include "hw/pl/lanes_math.h"
#include "hw/pl/lanes_types.h"

namespace recurd {
namespace hw {

// An LSTM's step in the PL, as lanes_gru.h has it. A state is h and, behind it, c.   C++14.
template <LaneNumerics numerics, int words>
class lanes_lstm {
 public:
  static constexpr LaneCell kCell = LaneCell::kLstm;
  static constexpr int kGatesOfCell = LaneGates(kCell);
  static constexpr int kWords = words, kStateWords = 2 * words;
  static constexpr int kTiles = kGatesOfCell * words / kLanes;
  static constexpr bool kCandidateTakesState = true;

  void step(beat_stream (&rows)[kTiles], beat_stream& h, beat_stream& v, beat_stream& y, float (&state)[kStateWords],
            bool last, int hidden) {
    step(rows, h, v, y, state, last, hidden, two_phases<LaneTwoPhases(kCell, numerics)>());
    write_cell_state(y, state);
  }

 private:
  typedef lanes_math<numerics> math;
  static constexpr int kBeats = words / kBeatWords;
  enum { kInputAt = 0, kForgetAt = 1, kOutputAt = 2, kCandidateAt = 3 };

  template <bool yes>
  struct two_phases {};

  // Tables: all gates, c and h in one loop.
  void step(beat_stream (&rows)[kTiles], beat_stream& h, beat_stream& v, beat_stream& y, float (&state)[kStateWords],
            bool last, int hidden, two_phases<false>) {
    for (int beat = 0; beat < kBeats; ++beat) {
#pragma HLS PIPELINE II = 1 style = flp
      renew_cell(rows, state, beat, hidden);
      const lane_beat o = read_gate_rows<kGatesOfCell>(rows, kOutputAt, beat);
      for (int i = 0; i < kBeatWords; ++i) {
#pragma HLS UNROLL
        const int row = kBeatWords * beat + i;
        const float next = math::sigmoid(o.lane[i]) * math::tanh_of_state(state[words + row]);
        state[row] = row < hidden ? next : 0.0f;
      }
      write(h, v, y, beat_at(state, beat), last);
    }
    RECURD_PL_DRAIN(LaneLatency(timing, kCell, numerics, 1));
  }

  // c goes to the candidate's tiles and comes back as e^2c - 1.
  void step(beat_stream (&rows)[kTiles], beat_stream& h, beat_stream& v, beat_stream& y, float (&state)[kStateWords],
            bool last, int hidden, two_phases<true>) {
    for (int beat = 0; beat < kBeats; ++beat) {
#pragma HLS PIPELINE II = 1 style = flp
      renew_cell(rows, state, beat, hidden);
      const lane_beat o = read_gate_rows<kGatesOfCell>(rows, kOutputAt, beat);
      for (int i = 0; i < kBeatWords; ++i) {
#pragma HLS UNROLL
        o_[kBeatWords * beat + i] = math::sigmoid(o.lane[i]);
      }
      RECURD_PL_LATER(LaneLatency(timing, kCell, numerics, 0), v.write(beat_at(state + words, beat)));
      RECURD_PL_CLOCK();
    }
    RECURD_PL_DRAIN(LaneLatency(timing, kCell, numerics, 0));
    for (int beat = 0; beat < kBeats; ++beat) {
#pragma HLS PIPELINE II = 1 style = flp
      const lane_beat t = read_gate_rows<kGatesOfCell>(rows, kCandidateAt, beat);
      for (int i = 0; i < kBeatWords; ++i) {
#pragma HLS UNROLL
        const int row = kBeatWords * beat + i;
        state[row] = row < hidden ? o_[row] * math::tanh(t.lane[i]) : 0.0f;
      }
      write(h, v, y, beat_at(state, beat), last);
    }
    RECURD_PL_DRAIN(LaneLatency(timing, kCell, numerics, 1));
  }

  // Four rows of c.
  static void renew_cell(beat_stream (&rows)[kTiles], float (&state)[kStateWords], int beat, int hidden) {
#pragma HLS INLINE
    const lane_beat i = read_gate_rows<kGatesOfCell>(rows, kInputAt, beat);
    const lane_beat f = read_gate_rows<kGatesOfCell>(rows, kForgetAt, beat);
    const lane_beat g = read_gate_rows<kGatesOfCell>(rows, kCandidateAt, beat);
    for (int k = 0; k < kBeatWords; ++k) {
#pragma HLS UNROLL
      const int row = kBeatWords * beat + k;
      float& c = state[words + row];
      const float next = math::cell(math::sigmoid(f.lane[k]), c, math::sigmoid(i.lane[k]), math::tanh(g.lane[k]));
      c = row < hidden ? next : 0.0f;
    }
  }

  static void write(beat_stream& h, beat_stream& v, beat_stream& y, const beat_t& next, bool last) {
#pragma HLS INLINE
    RECURD_PL_LATER(LaneLatency(timing, kCell, numerics, 1), {
      if (!last) h.write(next);
      if (!last) v.write(next);
      y.write(next);
    });
    RECURD_PL_CLOCK();
  }

  // While the tiles work on h.
  static void write_cell_state(beat_stream& y, const float (&state)[kStateWords]) {
    for (int beat = 0; beat < kBeats; ++beat) {
#pragma HLS PIPELINE II = 1 style = flp
      y.write(beat_at(state + words, beat));
      RECURD_PL_CLOCK();
    }
  }

  float o_[words];
};

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_PL_LANES_LSTM_H_
