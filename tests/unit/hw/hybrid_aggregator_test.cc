// The PL kernel alone: depth and interval, counted from the running state machine.
#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <vector>

#include "tests/unit/hw/count_aggregator.h"

namespace recurd::emu {
namespace {

TEST(Aggregator, DepthAndIntervalAreThePapersTable1) {
  const AggregatorCycles h20 = CountAggregator<20>(), h24 = CountAggregator<24>(), h28 = CountAggregator<28>(),
                         h32 = CountAggregator<32>();
  EXPECT_TRUE(h20.regular && h24.regular && h28.regular && h32.regular);
  EXPECT_EQ(h20.depth, 7);
  EXPECT_EQ(h24.depth, 7);
  EXPECT_EQ(h28.depth, 9);
  EXPECT_EQ(h32.depth, 9);
  EXPECT_EQ(h20.interval, 6);
  EXPECT_EQ(h24.interval, 6);
  EXPECT_EQ(h28.interval, 8);
  EXPECT_EQ(h32.interval, 8);
}

TEST(Aggregator, SmallerVectorsAreFaster) {
  EXPECT_EQ(CountAggregator<8>().interval, 2);
  EXPECT_EQ(CountAggregator<16>().interval, 4);
}

// A kernel of eight rows between a host's ends.
struct Bench {
  static constexpr int kHidden = 8;
  Engine engine{hw::Timing()};
  hw::beat_stream control, rows[kHidden], r, zn;
  Process* aggregator = engine.AddProcess("aggregator", [this] { hw::gru_aggregator<kHidden>(control, rows, r, zn); });
  HostSource commands{&engine, "control"};
  std::vector<std::unique_ptr<HostSource>> senders;
  HostSink r_sink{&engine, "r"}, zn_sink{&engine, "zn"};

  Bench() {
    control.in = engine.AddReader(commands.channel(), aggregator, 0, 12);
    for (hw::beat_stream& row : rows) {
      senders.push_back(std::make_unique<HostSource>(&engine, "row"));
      row.in = engine.AddReader(senders.back()->channel(), aggregator, 0, 12);
    }
    Drain(&r, &r_sink);
    Drain(&zn, &zn_sink);
  }
  void Drain(hw::beat_stream* stream, HostSink* sink) {
    stream->out.channel = engine.AddChannel("out", "aggregator");
    sink->Connect(engine.AddReader(stream->out.channel, sink->process(), 0, 12));
  }
};

TEST(Aggregator, ReloadIsHandedOnOnceMoreWhenTheLastRowHasAnswered) {
  Bench bench;
  bench.commands.Give({hw::PackHead(hw::kOpReload, 0, 0), 0, 0, 1});
  for (int gate = 0; gate < hw::kGates; ++gate) {
    for (auto& sender : bench.senders) sender->Give({0, hw::kTagEcho, 1, 0});
    bench.engine.Run();
    EXPECT_EQ(bench.zn_sink.words().size(), gate < hw::kGates - 1 ? 4 : 8);
  }
}

TEST(Aggregator, ZGoesBeforeNWhicheverIsCompleteFirst) {
  constexpr uint32_t kOrders[][hw::kGates] = {{0, 1, 2}, {0, 2, 1}, {2, 1, 0}};
  for (const auto& order : kOrders) {
    Bench bench;
    bench.commands.Give({hw::PackHead(hw::kOpRun, 0, 0), 1, 0, 1});
    bench.commands.Give({hw::PackHead(hw::kOpRun, 0, 0), 0, 0, 2});  // comes behind both
    for (uint32_t gate : order) {
      for (uint32_t row = 0; row < Bench::kHidden; ++row) bench.senders[row]->Give({0, hw::PackTag(gate, row), 100, 0});
    }
    bench.engine.Run();
    const std::vector<uint32_t>& words = bench.zn_sink.words();
    ASSERT_EQ(words.size(), 4 + 8 + 8 + 4u);
    float z, n;
    memcpy(&z, &words[4], 4);
    memcpy(&n, &words[12], 4);
    EXPECT_GT(z, 0);  // a sigmoid's entry
    EXPECT_LT(n, 0);  // a tangent's
    EXPECT_EQ(words[23], 2u);
    EXPECT_EQ(bench.r_sink.words().size(), 8u);
  }
}

}  // namespace
}  // namespace recurd::emu
