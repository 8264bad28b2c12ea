#include "hw/pl/lanes_core.h"

#include <type_traits>

#include "hw/pl/lanes_gru.h"
#include "hw/pl/lanes_lstm.h"
#include "hw/pl/tops.h"

void lanes_core(recurd::hw::beat_stream& control, recurd::hw::beat_stream (&gates)[recurd::hw::Design::kGateTiles],
                recurd::hw::beat_stream& h, recurd::hw::beat_stream& v, recurd::hw::beat_stream& y) {
#pragma HLS INTERFACE ap_ctrl_none port = return
#pragma HLS INTERFACE axis port = control
#pragma HLS INTERFACE axis port = gates
#pragma HLS INTERFACE axis port = h
#pragma HLS INTERFACE axis port = v
#pragma HLS INTERFACE axis port = y
  using recurd::hw::Design;
  constexpr int words = recurd::hw::PaddedWords(Design::kHidden);
  typedef std::conditional<Design::kCell == recurd::hw::LaneCell::kLstm,
                           recurd::hw::lanes_lstm<Design::kNumerics, words>,
                           recurd::hw::lanes_gru<Design::kCell, Design::kNumerics, words>>::type cell;
  recurd::hw::lanes_core<cell, 0, 0>(control, gates, h, v, y, Design::kHidden);
}
