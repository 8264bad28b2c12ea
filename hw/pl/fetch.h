#ifndef RECURD_HW_PL_FETCH_H_
#define RECURD_HW_PL_FETCH_H_

#include <hls_burst_maxi.h>

#include "hw/pl/job.h"

namespace recurd {
namespace hw {

// Whether the array may have a command, behind which so many beats are left of the job.
inline uint32_t fault_of(const Command& command, const job_sizes& sizes, uint32_t beats_left) {
#pragma HLS INLINE
  const uint32_t op = OpOf(command.head);
  if (op != kOpRun && op != kOpSwitch && op != kOpReload) return kFaultBadOp;
  if (SlotOf(command.head) >= kStateSlots) return kFaultBadSlot;
  if (WeightSetOf(command.head) >= sizes.weight_sets) return kFaultBadWeightSet;
  if (op == kOpRun && command.steps > beats_left / sizes.input_beats) return kFaultShortJob;
  if (op == kOpSwitch && sizes.state_beats > beats_left) return kFaultShortJob;
  return kFaultNone;
}

// The input mover: a job's words, from the input ring or from the control block, to the feeder. What it hands on is
// always whole commands that the array knows; from the first one on that isn't, the job is read and dropped. So no job
// can hang the array.
//   jobs: from control. ring: of ring_beats. commands: to the feeder. orders: to store.   Never returns.   C++14.
inline void fetch(beat_stream& jobs, hls::burst_maxi<ap_uint<128>> ring, uint32_t ring_beats, beat_stream& commands,
                  beat_stream& orders, job_sizes sizes) {
  for (;;) {
    beat_t order_beat = jobs.read();
    const job_order order = order_of(order_beat);
    const bool window = order.in_window();
    const bool inside = window
                            ? order.input_offset == kInWindow && order.input_beats <= kWindowBeats
                            : order.input_offset <= ring_beats && order.input_beats <= ring_beats - order.input_offset;
    uint32_t fault = inside ? kFaultNone : kFaultBadOffset;
    uint32_t left = window ? order.beats_behind() : inside ? order.input_beats : 0;
    uint32_t row_beats = 0;  // to come of the command's rows
    orders.write(order_beat);
    if (!window && left > 0) ring.read_request(order.input_offset, left);
    for (; left > 0; --left) {
#pragma HLS PIPELINE II = 1 style = flp
      beat_t beat;
      if (window) {
        beat = jobs.read();
      } else {
        beat.data = ring.read();
        beat.keep = 0xffff;
        beat.last = 0;
      }
      if (row_beats > 0) {
        --row_beats;
        commands.write(beat);
      } else if (fault == kFaultNone) {
        const Command command = command_of(beat);
        fault = fault_of(command, sizes, left - 1);
        if (fault == kFaultNone) {
          if (OpOf(command.head) == kOpRun) row_beats = command.steps * sizes.input_beats;
          if (OpOf(command.head) == kOpSwitch) row_beats = sizes.state_beats;
          orders.write(beat);
          commands.write(beat);
        }
      }
      RECURD_PL_CLOCK();
    }
    orders.write(beat_of_words(fault, 0, 0, 0, true));
  }
}

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_PL_FETCH_H_
