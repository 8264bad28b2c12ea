#include "hw/pl/tops.h"

void s2mm(recurd::hw::beat_stream& beats_in, ap_uint<128>* memory, uint32_t beats) {
#pragma HLS INTERFACE axis port = beats_in
#pragma HLS INTERFACE m_axi port = memory offset = slave bundle = gmem max_write_burst_length = 64
#pragma HLS INTERFACE s_axilite port = memory
#pragma HLS INTERFACE s_axilite port = beats
#pragma HLS INTERFACE s_axilite port = return
  for (uint32_t i = 0; i < beats; ++i) {
#pragma HLS PIPELINE II = 1
    memory[i] = beats_in.read().data;
    RECURD_PL_CLOCK();
  }
}
