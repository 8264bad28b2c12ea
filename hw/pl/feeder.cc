#include "hw/pl/lanes_feeder.h"
#include "hw/pl/tops.h"

void feeder(recurd::hw::beat_stream& commands, recurd::hw::beat_stream& x, recurd::hw::beat_stream& control) {
#pragma HLS INTERFACE ap_ctrl_none port = return
#pragma HLS INTERFACE axis port = commands
#pragma HLS INTERFACE axis port = x
#pragma HLS INTERFACE axis port = control
  using recurd::hw::Design;
  recurd::hw::lanes_feeder<recurd::hw::PaddedWords(Design::kInput), 0, 0, Design::kStateWords>(commands, x, control);
}
