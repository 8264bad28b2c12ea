#pragma once

#include <vector>

#include "hw/aie/kernels/sort_rows.h"
#include "hw/emu/commands.h"
#include "hw/emu/engine.h"

namespace recurd::emu {

struct SortedRows {
  Cycles cycles = 0;            // from the first packet's first word taken to the vector's first word written
  bool regular = true;          // every vector took as long
  std::vector<uint32_t> words;  // the last vector
};

// An aggregator tile alone, with all packets of three steps waiting, last row first; a row's value is 1000 + row.
template <int hidden>
SortedRows CountSortRows() {
  constexpr int kSteps = 3, kPadded = hw::PaddedWords(hidden), kRoom = 4096;
  Engine engine{hw::Timing()};
  input_pktstream packets;
  input_stream<float> before;
  output_stream<float> next;
  Process* tile =
      engine.AddProcess("sort_rows", [&] { hw::sort_gate<hw::kGateUpdate, hidden, hidden>(&packets, &before, &next); });
  OutPort packets_out, before_out;
  Channel* in = packets_out.channel = engine.AddChannel("packets", "merge");
  packets.port = engine.AddReader(in, tile, 0, kRoom);
  before_out.channel = engine.AddChannel("before", "host");
  before.port = engine.AddReader(before_out.channel, tile, 0, kRoom);
  Channel* out = next.port.channel = engine.AddChannel("next", "sort_rows");
  engine.AddReader(out, nullptr, 0, kRoom);
  engine.AddProcess("sender", [&] {
    const uint32_t run[4] = {hw::PackHead(hw::kOpRun, 0, 0), kSteps, 0, 1};
    Write(&before_out, run, 4, 0, false);
    for (uint32_t i = 0; i < kSteps * hidden; ++i) {
      const uint32_t row = hidden - 1 - i % hidden, packet[3] = {0, hw::PackTag(hw::kGateUpdate, row), 1000 + row};
      Write(&packets_out, packet, 3, 0, true);
    }
  });
  engine.Run();

  SortedRows sorted;
  for (int step = 0; step < kSteps; ++step) {
    const Cycles taken = in->At(step * hidden * hw::kPacketWords + kRoom).room;
    const Cycles cycles = out->At(4 + step * kPadded).written - taken;
    sorted.regular &= step == 0 || cycles == sorted.cycles;
    sorted.cycles = cycles;
  }
  for (int i = 0; i < kPadded; ++i) sorted.words.push_back(out->At(4 + (kSteps - 1) * kPadded + i).data);
  return sorted;
}

}  // namespace recurd::emu
