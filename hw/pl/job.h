#ifndef RECURD_HW_PL_JOB_H_
#define RECURD_HW_PL_JOB_H_

#include "hw/pl/pl_types.h"

// What the control block and the movers say to each other, in beats. C++14.
//   control -> fetch   a job_order; of a job in the window, its words behind it.
//   fetch -> store     the job_order; each command as it went to the array; with TLAST, {FaultKind}.
//   control -> store   {generation}: what comes of this generation's job isn't to be written any more.
//   store -> control   {FaultKind}, once a job, when all that it wrote is in memory.
namespace recurd {
namespace hw {

constexpr uint32_t kWindowWords = kWindowBytes / 4;
constexpr uint32_t kWindowBeats = kWindowWords / kBeatWords;

struct job_order {
  uint32_t input_offset, input_beats, result_offset, generation;

  bool in_window() const { return (input_offset & kInWindow) != 0; }
  // Beats that follow it.
  uint32_t beats_behind() const { return in_window() && input_beats <= kWindowBeats ? input_beats : 0; }
};

inline beat_t beat_of_words(uint32_t w0, uint32_t w1, uint32_t w2, uint32_t w3, bool last) {
#pragma HLS INLINE
  beat_t beat;
  beat.data(31, 0) = w0;
  beat.data(63, 32) = w1;
  beat.data(95, 64) = w2;
  beat.data(127, 96) = w3;
  beat.keep = 0xffff;
  beat.last = last ? 1 : 0;
  return beat;
}

inline beat_t beat_of_order(const job_order& order) {
#pragma HLS INLINE
  return beat_of_words(order.input_offset, order.input_beats, order.result_offset, order.generation, false);
}
inline job_order order_of(beat_t& beat) {
#pragma HLS INLINE
  const job_order order = {word_of(beat, 0), word_of(beat, 1), word_of(beat, 2), word_of(beat, 3)};
  return order;
}

// The layer's sizes as the movers need them.
struct job_sizes {
  uint32_t input_beats, state_beats;  // of a row
  uint32_t weight_sets;
};

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_PL_JOB_H_
