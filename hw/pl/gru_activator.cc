#include "hw/pl/gru_activator.h"

#include "hw/pl/tops.h"

void gru_activator(recurd::hw::beat_stream& control, recurd::hw::beat_stream indices[recurd::hw::kGates],
                   recurd::hw::beat_stream& r, recurd::hw::beat_stream& zn) {
#pragma HLS INTERFACE ap_ctrl_none port = return
#pragma HLS INTERFACE axis port = control
#pragma HLS INTERFACE axis port = indices
#pragma HLS INTERFACE axis port = r
#pragma HLS INTERFACE axis port = zn
  recurd::hw::gru_activator<recurd::hw::Design::kHidden>(control, indices, r, zn);
}
