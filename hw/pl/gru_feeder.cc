#include "hw/pl/gru_feeder.h"

#include "hw/pl/tops.h"

void gru_feeder(recurd::hw::beat_stream& commands, recurd::hw::beat_stream& x, recurd::hw::beat_stream& control) {
#pragma HLS INTERFACE ap_ctrl_none port = return
#pragma HLS INTERFACE axis port = commands
#pragma HLS INTERFACE axis port = x
#pragma HLS INTERFACE axis port = control
  using recurd::hw::Design;
  recurd::hw::gru_feeder<recurd::hw::PaddedWords(Design::kInput), recurd::hw::PaddedWords(Design::kHidden)>(commands, x,
                                                                                                            control);
}
