#ifndef RECURD_HW_PL_LANES_TYPES_H_
#define RECURD_HW_PL_LANES_TYPES_H_

#include "hw/pl/pl_types.h"

namespace recurd {
namespace hw {

// A beat as numbers.
struct lane_beat {
  float lane[kBeatWords];
};

inline lane_beat lanes_of(beat_t beat) {
#pragma HLS INLINE
  lane_beat lanes;
  for (int i = 0; i < kBeatWords; ++i) {
#pragma HLS UNROLL
    const uint32_t word = word_of(beat, i);
    __builtin_memcpy(&lanes.lane[i], &word, sizeof(word));
  }
  return lanes;
}

inline beat_t beat_of(const lane_beat& lanes) {
#pragma HLS INLINE
  beat_t beat;
  for (int i = 0; i < kBeatWords; ++i) {
#pragma HLS UNROLL
    uint32_t word;
    __builtin_memcpy(&word, &lanes.lane[i], sizeof(word));
    beat.data(32 * i + 31, 32 * i) = word;
  }
  beat.keep = 0xffff;
  beat.last = 0;
  return beat;
}

// Four words of a row that is held here.
inline beat_t beat_at(const float* row, int beat) {
#pragma HLS INLINE
  lane_beat lanes;
  for (int i = 0; i < kBeatWords; ++i) {
#pragma HLS UNROLL
    lanes.lane[i] = row[kBeatWords * beat + i];
  }
  return beat_of(lanes);
}

// The next four rows of a gate: tile i is gate i % gates of block i / gates. Streams in arrays are chosen by constants
// only, so that HLS makes ports of them.
template <int gates, int tiles>
lane_beat read_gate_rows(beat_stream (&rows)[tiles], int gate, int beat) {
#pragma HLS INLINE
  beat_t read;
  for (int port = 0; port < tiles; ++port) {
#pragma HLS UNROLL
    if (port == beat / 2 * gates + gate) read = rows[port].read();
  }
  return lanes_of(read);
}

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_PL_LANES_TYPES_H_
