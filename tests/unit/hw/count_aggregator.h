#pragma once

#include <vector>

#include "hw/emu/array.h"
#include "hw/pl/gru_aggregator.h"

namespace recurd::emu {

struct AggregatorCycles {
  Cycles interval = 0, depth = 0;  // PL cycles
  bool regular = true;             // every vector came out whole, and every interval is the same
};

// Feeds packets faster than they can be taken and watches when they are taken, and when vectors come out.
template <int hidden>
AggregatorCycles CountAggregator() {
  constexpr int kSteps = 6, kBeats = hw::PaddedWords(hidden) / hw::kBeatWords;
  Engine engine{hw::Timing()};
  hw::beat_stream control, rows[hidden], r, zn;
  Process* aggregator = engine.AddProcess("aggregator", [&] { hw::gru_aggregator<hidden>(control, rows, r, zn); });
  OutPort outs[hidden + 1];
  auto connect = [&](hw::beat_stream* stream, OutPort* out) {
    out->channel = engine.AddChannel("in", "sender");
    stream->in = engine.AddReader(out->channel, aggregator, 0, 12);
  };
  connect(&control, &outs[hidden]);
  engine.AddProcess("control", [&] {
    const uint32_t run[4] = {hw::PackHead(hw::kOpRun, 0, 0), kSteps, 0, 1};
    WriteBeat(&outs[hidden], run, 4, false);
  });
  std::vector<Cycles> taken;
  for (uint32_t row = 0; row < hidden; ++row) {
    connect(&rows[row], &outs[row]);
    engine.AddProcess("row", [&, row] {
      for (uint32_t i = 0; i < kSteps * hw::kGates; ++i) {
        const uint32_t packet[3] = {0, hw::PackTag(i % hw::kGates, row), 100 + row};
        WriteBeat(&outs[row], packet, 3, true);
        // The route holds four packets: this one left when the one four before it was taken.
        if (row == 0 && i >= 4) taken.push_back(t_process->floor / 4);
      }
    });
  }
  HostSink r_sink(&engine, "r"), zn_sink(&engine, "zn");
  auto drain = [&](hw::beat_stream* stream, HostSink* sink) {
    stream->out.channel = engine.AddChannel("out", "aggregator");
    sink->Connect(engine.AddReader(stream->out.channel, sink->process(), 0, 1000));
  };
  drain(&r, &r_sink), drain(&zn, &zn_sink);
  engine.Run();

  AggregatorCycles counted;
  const size_t words = kSteps * kBeats * 4;
  if (r_sink.words().size() != words || zn_sink.words().size() != 4 + 2 * words) return {0, 0, false};
  counted.interval = taken[5] - taken[4];
  for (size_t i = 5; i < taken.size(); ++i) counted.regular &= taken[i] - taken[i - 1] == counted.interval;
  // The third reset vector, when all runs evenly: packet 6 completes it. A sink has a beat when its last word is there,
  // a cycle after it was written.
  const Cycles last_beat = r_sink.times()[3 * kBeats * 4 - 1] / 4 - 1;
  counted.depth = last_beat - taken[6] + 1;
  return counted;
}

}  // namespace recurd::emu
