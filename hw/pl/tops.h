#ifndef RECURD_HW_PL_TOPS_H_
#define RECURD_HW_PL_TOPS_H_

#include <hls_burst_maxi.h>

#include "hw/config/design.h"
#include "hw/pl/job.h"

// The PL kernels as v++ takes them, one .cc each: the functions' names are the kernels', the parameters' names the
// ports' (`in` and `out` are words of HDLs, and HLS would rename them; of an array of streams, port i is called
// name_i), and hw/vitis/system_cfg.py joins them. C++14.
namespace recurd {
namespace hw {

// Of the layer of design.h.
inline job_sizes design_sizes() {
  const job_sizes sizes = {PaddedWords(Design::kInput) / kBeatWords, Design::kStateWords / kBeatWords, Design::kSets};
  return sizes;
}

}  // namespace hw
}  // namespace recurd

extern "C" {

// What every mapping has. control.h: one turn a call, and called for ever.
void control(uint32_t* magic, uint32_t* abi, uint32_t* build_id, uint32_t* geometry, uint32_t* numerics,
             uint32_t* generation, uint32_t* heartbeat, uint32_t* fault, uint32_t* done, uint32_t abort,
             uint32_t submit, uint32_t input_offset, uint32_t input_beats, uint32_t result_offset,
             const uint32_t window[recurd::hw::kWindowWords], recurd::hw::beat_stream& jobs,
             recurd::hw::beat_stream& aborts, recurd::hw::beat_stream& finished);

// fetch.h and store.h, which never end. A host sets the arguments in front of the streams; ring_beats: what the ring
// holds.
void fetch(hls::burst_maxi<ap_uint<128>> ring, uint32_t ring_beats, recurd::hw::beat_stream& jobs,
           recurd::hw::beat_stream& commands, recurd::hw::beat_stream& orders);
void store(hls::burst_maxi<ap_uint<128>> ring, uint32_t ring_beats, recurd::hw::beat_stream& orders,
           recurd::hw::beat_stream& y, recurd::hw::beat_stream& aborts, recurd::hw::beat_stream& finished);

// lanes_feeder.h, the only one or the first of a stack, and what each mapping needs besides: gru_aggregator.h,
// gru_activator.h or lanes_core.h, for the layer of design.h. They never end.
void feeder(recurd::hw::beat_stream& commands, recurd::hw::beat_stream& x, recurd::hw::beat_stream& control);
void gru_aggregator(recurd::hw::beat_stream& control, recurd::hw::beat_stream rows[recurd::hw::Design::kRowPorts],
                    recurd::hw::beat_stream& r, recurd::hw::beat_stream& zn);
void gru_activator(recurd::hw::beat_stream& control, recurd::hw::beat_stream indices[recurd::hw::kGates],
                   recurd::hw::beat_stream& r, recurd::hw::beat_stream& zn);
void lanes_core(recurd::hw::beat_stream& control, recurd::hw::beat_stream (&gates)[recurd::hw::Design::kGateTiles],
                recurd::hw::beat_stream& h, recurd::hw::beat_stream& v, recurd::hw::beat_stream& y);
}

#endif  // RECURD_HW_PL_TOPS_H_
