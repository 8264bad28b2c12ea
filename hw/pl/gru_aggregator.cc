#include "hw/pl/gru_aggregator.h"

#include "hw/pl/tops.h"

void gru_aggregator(recurd::hw::beat_stream& control, recurd::hw::beat_stream rows[recurd::hw::Design::kRowPorts],
                    recurd::hw::beat_stream& r, recurd::hw::beat_stream& zn) {
#pragma HLS INTERFACE ap_ctrl_none port = return
#pragma HLS INTERFACE axis port = control
#pragma HLS INTERFACE axis port = rows
#pragma HLS INTERFACE axis port = r
#pragma HLS INTERFACE axis port = zn
  recurd::hw::gru_aggregator<recurd::hw::Design::kHidden>(control, rows, r, zn);
}
