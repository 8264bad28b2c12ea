// Graph objects through the shim: what connect<> says is what runs.
#include "hw/emu/array.h"

#include <adf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <aie_api/aie.hpp>
#include <aie_api/aie_adf.hpp>

namespace recurd::emu {
namespace {

using testing::HasSubstr;

// Scales four-word vectors until one begins with a negative word, and returns then.
void scale(input_stream<float>* in, output_stream<float>* out, const float (&factor)[8]) {
  for (;;) {
    const aie::vector<float, 4> v = readincr_v<4>(in);
    const aie::vector<float, 4> f = aie::load_v<4>(factor);
    aie::accum<accfloat, 4> product = aie::mul(v, f);
    writeincr(out, product.to_vector<float>());
    if (v.lanes[0] < 0) return;
  }
}

struct ScaleGraph : adf::graph {
  adf::input_port factor;
  adf::input_plio in = adf::input_plio::create("in", adf::plio_128_bits);
  adf::output_plio out = adf::output_plio::create("out", adf::plio_128_bits);
  explicit ScaleGraph(bool output_net = true) {
    adf::kernel k = adf::kernel::create(scale);
    adf::source(k) = "scale.cc";
    adf::location<adf::kernel>(k) = adf::tile{3, 2};
    adf::connect<adf::stream>(in.out[0], k.in[0]);
    if (output_net) adf::connect<adf::stream>(k.out[0], out.in[0]);
    adf::connect<adf::parameter>(factor, adf::async(k.in[1]));
  }
};

std::vector<uint32_t> Words(std::vector<float> values) {
  std::vector<uint32_t> words(values.size());
  memcpy(words.data(), values.data(), 4 * values.size());
  return words;
}

// A graph with a host at its PLIOs.
template <class Graph>
struct Bench {
  Graph graph;
  Engine engine{hw::Timing()};
  Array array{graph.nodes(), &engine};
  HostSource source{&engine, "host"};
  HostSink sink{&engine, "host sink"};
  OutPort out;
  InPort in;
  Bench() {
    EXPECT_TRUE(array.Elaborate().ok());
    out = array.PlWrites("in");
    Process* copy = engine.AddProcess("copy", [this] {
      uint32_t beat[4];
      bool last;
      for (;;) ReadBeat(&in, beat, &last), WriteBeat(&out, beat, 4, last);
    });
    in = engine.AddReader(source.channel(), copy, 0, 64);
    sink.Connect(array.PlReads("out", sink.process()));
  }
  std::vector<uint32_t> Run(const std::vector<uint32_t>& words) {
    source.Give(words);
    engine.Run();
    return sink.words();
  }
};

void SetFactor(ScaleGraph* graph, float value) {
  const std::vector<float> factor(8, value);
  graph->update(graph->factor, factor.data(), 8);
}

TEST(Array, AParameterIsTakenAtInvocationAndKeptUntilTheKernelReturns) {
  Bench<ScaleGraph> bench;
  SetFactor(&bench.graph, 2);
  EXPECT_EQ(bench.Run(Words({1, 2, 3, 4})), Words({2, 4, 6, 8}));
  SetFactor(&bench.graph, 3);
  EXPECT_EQ(bench.Run(Words({1, 1, 1, 1})), Words({2, 4, 6, 8, 2, 2, 2, 2}));  // still the first invocation
  SetFactor(&bench.graph, 5);
  bench.Run(Words({-1, 1, 1, 1}));  // the kernel returns, and is invoked again with what was written last
  EXPECT_EQ(bench.Run(Words({1, 1, 1, 1})), Words({2, 4, 6, 8, 2, 2, 2, 2, -2, 2, 2, 2, 5, 5, 5, 5}));
}

TEST(Array, TheWayToAKernelCostsItsSwitchesAndTheCrossing) {
  Bench<ScaleGraph> bench;
  SetFactor(&bench.graph, 1);
  bench.Run(Words({1, 2, 3, 4}));
  const hw::Timing timing;
  const Cycles hops = (3 + 3 + 1) * timing.switch_hop;  // PLIOs at column 0, the tile at (3, 2)
  const Cycles least = 2 * hops + timing.cdc_to_aie + timing.cdc_to_pl;
  EXPECT_GE(bench.sink.times()[3], least);
  EXPECT_LE(bench.sink.times()[3], least + 8 + timing.mac_latency + 2 * timing.pl_clock);
}

TEST(Array, APortWithoutANetIsRefused) {
  ScaleGraph graph(false);
  Engine engine{hw::Timing()};
  EXPECT_THAT(std::string(Array(graph.nodes(), &engine).Elaborate().message()), HasSubstr("input 0 of out has no net"));
}

struct TwiceGraph : ScaleGraph {
  TwiceGraph() {
    adf::kernel k = adf::kernel::create(scale);
    adf::connect<adf::stream>(in.out[0], k.in[0]);
    adf::connect<adf::stream>(k.out[0], out.in[0]);
  }
};

TEST(Array, TwoNetsIntoOnePortAreRefused) {
  TwiceGraph graph;
  Engine engine{hw::Timing()};
  EXPECT_THAT(std::string(Array(graph.nodes(), &engine).Elaborate().message()),
              HasSubstr("input 0 of out is driven twice"));
}

struct WrongPortGraph : ScaleGraph {
  WrongPortGraph() {
    adf::kernel k = adf::kernel::create(scale);
    adf::connect<adf::stream>(in.out[0], k.in[2]);
  }
};

TEST(Array, APortThatTheKernelDoesNotHaveIsRefused) {
  WrongPortGraph graph;
  Engine engine{hw::Timing()};
  EXPECT_THAT(std::string(Array(graph.nodes(), &engine).Elaborate().message()), HasSubstr("does not exist"));
}

// Hands packets on, with its mark in front of the payload.
template <int mark>
void stamp(input_pktstream* in, output_pktstream* out) {
  for (;;) {
    readincr(in);
    bool last = false;
    const int32 value = readincr(in, last);
    writeHeader(out, 0, getPacketid(out, 0));
    writeincr(out, mark);
    writeincr(out, value, true);
  }
}

struct SplitGraph : adf::graph {
  SplitGraph() {
    adf::input_plio in = adf::input_plio::create("in", adf::plio_128_bits);
    adf::output_plio out = adf::output_plio::create("out", adf::plio_128_bits);
    adf::pktsplit<2> split = adf::pktsplit<2>::create();
    adf::pktmerge<2> merge = adf::pktmerge<2>::create();
    adf::kernel a = adf::kernel::create(stamp<100>), b = adf::kernel::create(stamp<200>);
    adf::connect<adf::pktstream>(in.out[0], split.in[0]);
    adf::connect<adf::pktstream>(split.out[0], a.in[0]);
    adf::connect<adf::pktstream>(split.out[1], b.in[0]);
    adf::connect<adf::pktstream>(a.out[0], merge.in[0]);
    adf::connect<adf::pktstream>(b.out[0], merge.in[1]);
    adf::connect<adf::pktstream>(merge.out[0], out.in[0]);
  }
};

TEST(Array, PacketsGoWhereTheirIdSaysAndComeBackMarked) {
  SplitGraph graph;
  Engine engine{hw::Timing()};
  Array array(graph.nodes(), &engine);
  ASSERT_TRUE(array.Elaborate().ok());
  OutPort out = array.PlWrites("in");
  engine.AddProcess("sender", [&] {
    for (uint32_t i = 0; i < 6; ++i) {
      const uint32_t packet[2] = {i % 2, i};
      WriteBeat(&out, packet, 2, true);
    }
  });
  HostSink sink(&engine, "host");
  sink.Connect(array.PlReads("out", sink.process()));
  engine.Run();
  ASSERT_EQ(sink.words().size(), 18u) << engine.Waiting();
  for (uint32_t i = 0; i < 6; ++i) {
    EXPECT_EQ(sink.words()[3 * i] & 0x1f, i % 2);
    EXPECT_EQ(sink.words()[3 * i + 1], i % 2 == 0 ? 100u : 200u);
    EXPECT_EQ(sink.words()[3 * i + 2], i);
  }
}

}  // namespace
}  // namespace recurd::emu
