#ifndef RECURD_HW_PL_STORE_H_
#define RECURD_HW_PL_STORE_H_

#include <hls_burst_maxi.h>

#include "hw/pl/job.h"

namespace recurd {
namespace hw {

// Whether a command came back at y as it was sent. Its flags may be lost on the way.
inline bool is_echo(beat_t& echo, const Command& command) {
#pragma HLS INLINE
  const Command found = command_of(echo);
  return found.head == command.head && found.steps == command.steps && found.sequence == command.sequence;
}

// What store has to do with a job's records.
struct store_job {
  uint32_t generation, offset, fault;
  bool aborted;
  int unanswered;  // requests to memory
};

// A row from the array and its end as a record, if the job's records are still written.
inline void store_record(store_job& job, uint32_t sequence, uint32_t row, uint32_t row_beats, beat_stream& y,
                         hls::burst_maxi<ap_uint<128>> ring, uint32_t ring_beats) {
  constexpr int kMostUnanswered = 16;
  const bool fits = job.offset <= ring_beats && row_beats < ring_beats - job.offset;
  if (!fits && job.fault == kFaultNone) job.fault = kFaultBadOffset;
  const bool written = !job.aborted && job.fault == kFaultNone;
  if (written && job.unanswered == kMostUnanswered) {
    ring.write_response();
    --job.unanswered;
  }
  if (written) ring.write_request(job.offset, row_beats + 1);
  uint32_t check = 0;
  for (uint32_t i = 0; i < row_beats; ++i) {
#pragma HLS PIPELINE II = 1 style = flp
    beat_t beat = y.read();
    check = CheckBeat(check, word_of(beat, 0), word_of(beat, 1), word_of(beat, 2), word_of(beat, 3));
    if (written) ring.write(beat.data);
    RECURD_PL_CLOCK();
  }
  if (!written) return;
  check = CheckBeat(check, sequence, row, job.generation, 0);
  ring.write(beat_of_words(sequence, row, job.generation, check, false).data);
  RECURD_PL_CLOCK();
  job.offset += row_beats + 1;
  ++job.unanswered;
}

// The output mover: what the array yields for a job, as records in the result ring (contract.h). It says that a job is
// done only when memory has answered for all of its records. What is to be thrown away, and all behind a fault, is read
// and not written.
//   orders: from fetch. y: from the array. aborts: from control. ring: of ring_beats. done: to control.
// Never returns.   C++14.
inline void store(beat_stream& orders, beat_stream& y, beat_stream& aborts, hls::burst_maxi<ap_uint<128>> ring,
                  uint32_t ring_beats, beat_stream& done, job_sizes sizes) {
  for (;;) {
    beat_t order_beat = orders.read(), abort;
    const job_order order = order_of(order_beat);
    store_job job = {order.generation, order.result_offset, kFaultNone, false, 0};
    for (;;) {
      beat_t command_beat = orders.read();
      if (command_beat.last != 0) {
        if (job.fault == kFaultNone) job.fault = word_of(command_beat, 0);
        break;
      }
      const Command command = command_of(command_beat);
      const uint32_t op = OpOf(command.head);
      beat_t echo = y.read();
      if (!is_echo(echo, command) && job.fault == kFaultNone) job.fault = kFaultBadEcho;
      const uint32_t rows = op == kOpRun ? command.steps : 1;
      const uint32_t row_beats = op == kOpReload ? 0 : sizes.state_beats;
      for (uint32_t row = 0; row < rows; ++row) {
        if (aborts.read_nb(abort) && word_of(abort, 0) == job.generation) job.aborted = true;
        store_record(job, command.sequence, row, row_beats, y, ring, ring_beats);
      }
    }
    for (; job.unanswered > 0; --job.unanswered) ring.write_response();
    aborts.read_nb(abort);  // one that came too late
    done.write(beat_of_words(job.fault, 0, 0, 0, false));
  }
}

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_PL_STORE_H_
