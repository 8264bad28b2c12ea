#include "hw/pl/store.h"

#include "hw/pl/tops.h"

void store(hls::burst_maxi<ap_uint<128>> ring, uint32_t ring_beats, recurd::hw::beat_stream& orders,
           recurd::hw::beat_stream& y, recurd::hw::beat_stream& aborts, recurd::hw::beat_stream& finished) {
#pragma HLS INTERFACE m_axi port = ring offset = slave bundle = gmem max_write_burst_length = \
    64 num_write_outstanding = 16
#pragma HLS INTERFACE s_axilite port = ring
#pragma HLS INTERFACE s_axilite port = ring_beats
#pragma HLS INTERFACE s_axilite port = return
#pragma HLS INTERFACE axis port = orders
#pragma HLS INTERFACE axis port = y
#pragma HLS INTERFACE axis port = aborts
#pragma HLS INTERFACE axis port = finished
  recurd::hw::store(orders, y, aborts, ring, ring_beats, finished, recurd::hw::design_sizes());
}
