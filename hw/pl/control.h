#ifndef RECURD_HW_PL_CONTROL_H_
#define RECURD_HW_PL_CONTROL_H_

#include "hw/pl/job.h"

namespace recurd {
namespace hw {

// The registers that the PS writes.
struct control_inputs {
  uint32_t abort, submit, input_offset, input_beats, result_offset;
};

// What the control block keeps from turn to turn; the first four are registers that the PS reads.
struct control_state {
  uint32_t generation = 0, heartbeat = 0, fault = kFaultNone, done = 0;
  enum { kIdle, kTake, kWindow, kRunning, kClear } phase = kIdle;
  job_order order = {0, 0, 0, 0};
  uint32_t window_beat = 0;
  bool told = false;  // the store mover, that the job is to be thrown away
};

// One turn of the control block. It never waits: an access to a stream may fail, and is tried again in the next turn.
// A count that has changed is acted upon a turn later, when the registers that were written before it are there too.
//   jobs: to fetch. aborts: to store. done: from store.   C++14.
inline void control_turn(control_state& state, const control_inputs& in, const uint32_t window[kWindowWords],
                         beat_stream& jobs, beat_stream& aborts, beat_stream& done) {
  ++state.heartbeat;
  if (state.phase == control_state::kIdle) {
    if (in.abort != state.generation) {
      state.phase = control_state::kClear;
    } else if (in.submit != state.done) {
      state.phase = control_state::kTake;
    }
  } else if (state.phase == control_state::kTake) {
    const job_order order = {in.input_offset, in.input_beats, in.result_offset, state.generation};
    if (jobs.write_nb(beat_of_order(order))) {
      state.order = order;
      state.window_beat = 0;
      state.told = false;
      state.phase = order.beats_behind() > 0 ? control_state::kWindow : control_state::kRunning;
    }
  } else if (state.phase == control_state::kWindow) {
    const uint32_t at = state.window_beat * kBeatWords;
    const beat_t beat = beat_of_words(window[at], window[at + 1], window[at + 2], window[at + 3], false);
    if (jobs.write_nb(beat) && ++state.window_beat == state.order.beats_behind()) {
      state.phase = control_state::kRunning;
    }
  } else if (state.phase == control_state::kRunning) {
    beat_t token;
    if (done.read_nb(token)) {
      if (state.fault == kFaultNone) state.fault = word_of(token, 0);
      ++state.done;
      state.phase = control_state::kIdle;
    } else if (in.abort != state.generation && !state.told) {
      state.told = aborts.write_nb(beat_of_words(state.generation, 0, 0, 0, false));
    }
  } else {
    state.generation = in.abort;
    state.fault = kFaultNone;
    state.done = in.submit;
    state.phase = control_state::kIdle;
  }
  RECURD_PL_DRAIN(kBeatWords);  // the window is read one word a cycle
}

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_PL_CONTROL_H_
