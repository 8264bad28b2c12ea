#include "hw/pl/control.h"

#include "hw/pl/tops.h"

// Outputs keep HLS's own ap_vld, which makes registers of them. No pipeline: a turn ends before the next one begins, so
// that the next one sees what the PS wrote meanwhile, in its order.
void control(uint32_t* magic, uint32_t* abi, uint32_t* build_id, uint32_t* geometry, uint32_t* numerics,
             uint32_t* generation, uint32_t* heartbeat, uint32_t* fault, uint32_t* done, uint32_t abort,
             uint32_t submit, uint32_t input_offset, uint32_t input_beats, uint32_t result_offset,
             const uint32_t window[recurd::hw::kWindowWords], recurd::hw::beat_stream& jobs,
             recurd::hw::beat_stream& aborts, recurd::hw::beat_stream& finished) {
#pragma HLS INTERFACE ap_ctrl_none port = return
#pragma HLS INTERFACE s_axilite port = magic offset = 0x10
#pragma HLS INTERFACE s_axilite port = abi offset = 0x20
#pragma HLS INTERFACE s_axilite port = build_id offset = 0x30
#pragma HLS INTERFACE s_axilite port = geometry offset = 0x40
#pragma HLS INTERFACE s_axilite port = numerics offset = 0x50
#pragma HLS INTERFACE s_axilite port = generation offset = 0x60
#pragma HLS INTERFACE s_axilite port = heartbeat offset = 0x70
#pragma HLS INTERFACE s_axilite port = fault offset = 0x80
#pragma HLS INTERFACE s_axilite port = done offset = 0x90
#pragma HLS INTERFACE s_axilite port = abort offset = 0xa0
#pragma HLS INTERFACE s_axilite port = submit offset = 0xa8
#pragma HLS INTERFACE s_axilite port = input_offset offset = 0xb0
#pragma HLS INTERFACE s_axilite port = input_beats offset = 0xb8
#pragma HLS INTERFACE s_axilite port = result_offset offset = 0xc0
#pragma HLS INTERFACE s_axilite port = window offset = 0x400
#pragma HLS INTERFACE axis port = jobs
#pragma HLS INTERFACE axis port = aborts
#pragma HLS INTERFACE axis port = finished
#pragma HLS PIPELINE off
  using namespace recurd::hw;
  static control_state state;
#pragma HLS RESET variable = state
  *magic = kMagic;
  *abi = kAbiMajor << 16 | kAbiMinor;
  *build_id = Design::kBuildId;
  *geometry = PackGeometry(Design::kHidden, PaddedWords(Design::kInput), Design::kSets, Design::kMapping);
  *numerics =
      PackNumerics(Design::kMapping, static_cast<uint32_t>(Design::kNumerics), static_cast<uint32_t>(Design::kCell));
  control_turn(state, {abort, submit, input_offset, input_beats, result_offset}, window, jobs, aborts, finished);
  *generation = state.generation;
  *heartbeat = state.heartbeat;
  *fault = state.fault;
  *done = state.done;
}
