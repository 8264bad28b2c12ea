#include "hw/pl/tops.h"

void mm2s(const ap_uint<128>* memory, recurd::hw::beat_stream& beats_out, uint32_t beats) {
#pragma HLS INTERFACE m_axi port = memory offset = slave bundle = gmem max_read_burst_length = 64
#pragma HLS INTERFACE axis port = beats_out
#pragma HLS INTERFACE s_axilite port = memory
#pragma HLS INTERFACE s_axilite port = beats
#pragma HLS INTERFACE s_axilite port = return
  for (uint32_t i = 0; i < beats; ++i) {
#pragma HLS PIPELINE II = 1
    recurd::hw::beat_t beat;
    beat.data = memory[i];
    beat.keep = 0xffff;
    beat.last = 0;
    beats_out.write(beat);
    RECURD_PL_CLOCK();
  }
}
