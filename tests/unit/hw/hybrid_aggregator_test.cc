// The PL kernel alone: depth and interval, counted from the running state machine.
#include <gtest/gtest.h>

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

TEST(Aggregator, ReloadIsHandedOnOnceMoreWhenTheLastRowHasAnswered) {
  constexpr int kHidden = 8;
  Engine engine{hw::Timing()};
  hw::beat_stream control, rows[kHidden], r, zn;
  Process* aggregator = engine.AddProcess("aggregator", [&] { hw::gru_aggregator<kHidden>(control, rows, r, zn); });
  HostSource commands(&engine, "control");
  control.in = engine.AddReader(commands.channel(), aggregator, 0, 12);
  std::vector<std::unique_ptr<HostSource>> answers;
  for (hw::beat_stream& row : rows) {
    answers.push_back(std::make_unique<HostSource>(&engine, "row"));
    row.in = engine.AddReader(answers.back()->channel(), aggregator, 0, 12);
  }
  HostSink sink(&engine, "zn");
  zn.out.channel = engine.AddChannel("zn", "aggregator");
  sink.Connect(engine.AddReader(zn.out.channel, sink.process(), 0, 12));

  const std::vector<uint32_t> answer = {0, hw::kTagEcho, 1, 0}, reload = {hw::PackHead(hw::kOpReload, 0, 0), 0, 0, 1};
  commands.Give(reload);
  for (int gate = 0; gate < hw::kGates; ++gate) {
    for (auto& row : answers) row->Give(answer);
    engine.Run();
    EXPECT_EQ(sink.words().size(), gate < hw::kGates - 1 ? 4 : 8);
  }
}

}  // namespace
}  // namespace recurd::emu
