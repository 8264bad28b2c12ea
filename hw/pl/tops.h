#ifndef RECURD_HW_PL_TOPS_H_
#define RECURD_HW_PL_TOPS_H_

#include "hw/config/design.h"
#include "hw/pl/pl_types.h"

// The PL kernels as v++ takes them, one .cc each: the functions' names are the kernels', the parameters' names the
// ports' (`in` and `out` are words of HDLs, and HLS would rename them; of an array of streams, port i is called
// name_i), and hw/vitis/system_cfg.py joins them. C++14.
extern "C" {

// Copies `beats` 128-bit words from memory to a stream: commands and their data, as contract.h has them.
// Moves one buffer a call.
void mm2s(const ap_uint<128>* memory, recurd::hw::beat_stream& beats_out, uint32_t beats);

// Copies `beats` beats from a stream to memory; done when the last has been written. Moves one buffer a call: the
// commands in the x stream say how many beats they yield.
void s2mm(recurd::hw::beat_stream& beats_in, ap_uint<128>* memory, uint32_t beats);

// gru_feeder.h, and gru_aggregator.h or gru_activator.h, for the layer of design.h. They never end.
void gru_feeder(recurd::hw::beat_stream& commands, recurd::hw::beat_stream& x, recurd::hw::beat_stream& control);
void gru_aggregator(recurd::hw::beat_stream& control, recurd::hw::beat_stream rows[recurd::hw::Design::kRowPorts],
                    recurd::hw::beat_stream& r, recurd::hw::beat_stream& zn);
void gru_activator(recurd::hw::beat_stream& control, recurd::hw::beat_stream indices[recurd::hw::kGates],
                   recurd::hw::beat_stream& r, recurd::hw::beat_stream& zn);
}

#endif  // RECURD_HW_PL_TOPS_H_
