#ifndef RECURD_HW_PL_LANES_GRU_H_
#define RECURD_HW_PL_LANES_GRU_H_

#include "hw/pl/lanes_math.h"
#include "hw/pl/lanes_types.h"

namespace recurd {
namespace hw {

// A GRU's step in the PL: four rows a cycle, in order, so that the first rows of the new state leave while the last
// ones are still being computed. A loop ends before the next begins; within one, no iteration holds up another (flp:
// what is inside goes on while the next read waits). Rows from `hidden` on stay zero.   C++14.
template <LaneCell cell, LaneNumerics numerics, int words>
class lanes_gru {
 public:
  static constexpr int kWords = words, kStateWords = words;
  static constexpr int kTiles = kGates * words / kLanes;
  static constexpr bool kCandidateTakesState = cell == LaneCell::kGruAfter;

  // rows: from the tiles. h, v: to them, the state in place; after the last step of a RUN they want none. y: the state.
  void step(beat_stream (&rows)[kTiles], beat_stream& h, beat_stream& v, beat_stream& y, float (&state)[words],
            bool last, int hidden) {
    step(rows, h, v, y, state, last, hidden, two_phases<LaneTwoPhases(cell, numerics)>());
  }

 private:
  typedef lanes_math<numerics> math;
  static constexpr int kBeats = words / kBeatWords;

  template <bool yes>
  struct two_phases {};

  void step(beat_stream (&rows)[kTiles], beat_stream& h, beat_stream& v, beat_stream& y, float (&state)[words],
            bool last, int hidden, two_phases<true>) {
    reset(rows, v, state);
    renew(rows, h, v, y, state, last, hidden);
  }
  void step(beat_stream (&rows)[kTiles], beat_stream& h, beat_stream& v, beat_stream& y, float (&state)[words],
            bool last, int hidden, two_phases<false>) {
    read_inputs(rows);
    reset_and_renew(rows, h, v, y, state, last, hidden);
  }

  // r and z; r * h, or r itself, to the candidate's tiles.
  void reset(beat_stream (&rows)[kTiles], beat_stream& v, const float (&state)[words]) {
    for (int beat = 0; beat < kBeats; ++beat) {
#pragma HLS PIPELINE II = 1 style = flp
      const lane_beat r = read_gate_rows<kGates>(rows, kGateReset, beat);
      const lane_beat z = read_gate_rows<kGates>(rows, kGateUpdate, beat);
      lane_beat out;
      for (int i = 0; i < kBeatWords; ++i) {
#pragma HLS UNROLL
        const int row = kBeatWords * beat + i;
        const float gate = math::sigmoid(r.lane[i]);
        out.lane[i] = cell == LaneCell::kGruBefore ? gate * state[row] : gate;
        z_[row] = math::sigmoid(z.lane[i]);
      }
      RECURD_PL_LATER(LaneLatency(timing, cell, numerics, 0), v.write(beat_of(out)));
      RECURD_PL_CLOCK();
    }
    RECURD_PL_DRAIN(LaneLatency(timing, cell, numerics, 0));
  }

  void renew(beat_stream (&rows)[kTiles], beat_stream& h, beat_stream& v, beat_stream& y, float (&state)[words],
             bool last, int hidden) {
    for (int beat = 0; beat < kBeats; ++beat) {
#pragma HLS PIPELINE II = 1 style = flp
      const lane_beat n = read_gate_rows<kGates>(rows, kGateNew, beat);
      for (int i = 0; i < kBeatWords; ++i) {
#pragma HLS UNROLL
        const int row = kBeatWords * beat + i;
        state[row] = row < hidden ? math::blend(z_[row], state[row], math::tanh(n.lane[i])) : 0.0f;
      }
      write(h, v, y, beat_at(state, beat), last);
    }
    RECURD_PL_DRAIN(LaneLatency(timing, cell, numerics, 1));
  }

  // W x + b of the candidate, which comes long before the state's part.
  void read_inputs(beat_stream (&rows)[kTiles]) {
    for (int half = 0; half < kLanes / kBeatWords; ++half) {
#pragma HLS PIPELINE II = 1 style = flp
      for (int block = 0; block < words / kLanes; ++block) {
#pragma HLS UNROLL
        const lane_beat input = lanes_of(rows[block * kGates + kGateNew].read());
        for (int i = 0; i < kBeatWords; ++i) inputs_[block * kLanes + half * kBeatWords + i] = input.lane[i];
      }
      RECURD_PL_CLOCK();
    }
  }

  void reset_and_renew(beat_stream (&rows)[kTiles], beat_stream& h, beat_stream& v, beat_stream& y,
                       float (&state)[words], bool last, int hidden) {
    for (int beat = 0; beat < kBeats; ++beat) {
#pragma HLS PIPELINE II = 1 style = flp
      const lane_beat r = read_gate_rows<kGates>(rows, kGateReset, beat);
      const lane_beat z = read_gate_rows<kGates>(rows, kGateUpdate, beat);
      const lane_beat u = read_gate_rows<kGates>(rows, kGateNew, beat);
      for (int i = 0; i < kBeatWords; ++i) {
#pragma HLS UNROLL
        const int row = kBeatWords * beat + i;
        const float position = math::candidate(math::sigmoid(r.lane[i]), u.lane[i], inputs_[row]);
        const float next = math::blend(math::sigmoid(z.lane[i]), state[row], math::tanh(position));
        state[row] = row < hidden ? next : 0.0f;
      }
      write(h, v, y, beat_at(state, beat), last);
    }
    RECURD_PL_DRAIN(LaneLatency(timing, cell, numerics, 1));
  }

  static void write(beat_stream& h, beat_stream& v, beat_stream& y, const beat_t& next, bool last) {
#pragma HLS INLINE
    RECURD_PL_LATER(LaneLatency(timing, cell, numerics, 1), {
      if (!last) h.write(next);
      if (!last && kCandidateTakesState) v.write(next);
      y.write(next);
    });
    RECURD_PL_CLOCK();
  }

  float z_[words], inputs_[words];
};

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_PL_LANES_GRU_H_
