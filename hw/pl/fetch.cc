#include "hw/pl/fetch.h"

#include "hw/pl/tops.h"

void fetch(hls::burst_maxi<ap_uint<128>> ring, uint32_t ring_beats, recurd::hw::beat_stream& jobs,
           recurd::hw::beat_stream& commands, recurd::hw::beat_stream& orders) {
#pragma HLS INTERFACE m_axi port = ring offset = slave bundle = gmem max_read_burst_length = 64
#pragma HLS INTERFACE s_axilite port = ring
#pragma HLS INTERFACE s_axilite port = ring_beats
#pragma HLS INTERFACE s_axilite port = return
#pragma HLS INTERFACE axis port = jobs
#pragma HLS INTERFACE axis port = commands
#pragma HLS INTERFACE axis port = orders
  recurd::hw::fetch(jobs, ring, ring_beats, commands, orders, recurd::hw::design_sizes());
}
