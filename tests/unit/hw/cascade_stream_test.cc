// Cascades through the shim: what they carry, how fast, how much they hold, and whom they reach.
#include <adf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <aie_api/aie.hpp>
#include <aie_api/aie_adf.hpp>
#include <cmath>
#include <functional>

#include "hw/emu/array.h"

namespace recurd::emu {
namespace {

using testing::HasSubstr;
using Accumulator = aie::accum<accfloat, 8>;

Accumulator Filled(float first) {
  Accumulator value;
  for (int i = 0; i < 8; ++i) value.lanes[i] = first + static_cast<float>(i);
  return value;
}

// A writer and a reader with a cascade between them; the reader begins at `reader_begins`.
struct Pair {
  hw::Timing timing;
  Engine engine{timing};
  output_cascade<accfloat> out;
  input_cascade<accfloat> in;
  std::vector<Cycles> written, taken;  // when each transfer was over
  std::vector<float> lanes;            // the last of each

  explicit Pair(int count, Cycles reader_begins = 0) {
    out.port.channel = engine.AddChannel("cascade", "writer");
    Process* writer = engine.AddProcess("writer", [this, count] {
      for (int i = 0; i < count; ++i) {
        writeincr(&out, Filled(static_cast<float>(100 * i)));
        written.push_back(out.port.clock);
      }
    });
    Process* reader = engine.AddProcess("reader", [this, count, reader_begins] {
      t_process->floor = reader_begins;
      for (int i = 0; i < count; ++i) {
        const Accumulator value = readincr_v<8>(&in);
        taken.push_back(value.ready);
        lanes.push_back(value.lanes[7]);
      }
    });
    static_cast<void>(writer);
    const int words = static_cast<int>(timing.cascade_fifo) * hw::kLanes;
    in.port = engine.AddReader(out.port.channel, reader, timing.cascade_latency, words);
    engine.Run();
  }
};

TEST(Cascade, CarriesAnAccumulatorACycle) {
  const Pair pair(3);
  EXPECT_EQ(pair.lanes, (std::vector<float>{7, 107, 207}));
  EXPECT_EQ(pair.taken[0], pair.written[0] + pair.timing.cascade_latency);
  EXPECT_EQ(pair.taken[1], pair.taken[0] + 1);
  EXPECT_EQ(pair.taken[2], pair.taken[0] + 2);
}

TEST(Cascade, HoldsFourAccumulatorsAndThenStallsTheWriter) {
  const Pair pair(6, 1000);
  EXPECT_LT(pair.written[3], 100);
  EXPECT_GE(pair.written[4], 1000);
  EXPECT_EQ(pair.written[5], pair.written[4] + 1);
  EXPECT_EQ(pair.taken[3], pair.taken[0] + 3);
  EXPECT_EQ(pair.lanes.back(), 507);
}

void OnTile(std::function<void()> body) {
  Engine engine{hw::Timing()};
  engine.AddProcess("tile", std::move(body));
  engine.Run();
}

TEST(Shim, ALaneTimesAVectorIsFusedLikeAnyProduct) {
  OnTile([] {
    aie::vector<float, 8> a, b;
    for (int i = 0; i < 8; ++i) a.lanes[i] = 1.0f + 0x1p-12f, b.lanes[i] = static_cast<float>(i);
    a.lanes[5] = 3;
    b.lanes[2] = 1.0f + 0x1p-12f;
    EXPECT_EQ(aie::mac(Filled(0), a[5], b).lanes[4], 3 * 4.0f + 4);
    Accumulator minus_one;
    minus_one.lanes[2] = -1;
    EXPECT_EQ(aie::mac(minus_one, a[0], b).lanes[2], std::fma(a.lanes[0], b.lanes[2], -1.0f));
  });
}

TEST(Shim, AnAccumulatorTakesAVectorAsFastAsAProduct) {
  OnTile([] {
    aie::vector<float, 8> v;
    v.lanes[1] = 0.5f;
    const Accumulator first = aie::add(Filled(1), v), second = aie::add(first, v);
    EXPECT_EQ(second.lanes[1], 3.0f);
    EXPECT_EQ(second.ready - first.ready, CurrentTiming().accumulate_latency);
  });
}

void begin(output_cascade<accfloat>*) {}
void end(input_cascade<accfloat>*) {}
void stream_end(input_stream<float>*) {}

struct CascadeGraph : adf::graph {
  CascadeGraph(int column, int row) {
    adf::kernel a = adf::kernel::create(begin), b = adf::kernel::create(end);
    adf::location<adf::kernel>(a) = adf::tile{3, 1};
    adf::location<adf::kernel>(b) = adf::tile{column, row};
    adf::connect<adf::cascade>(a.out[0], b.in[0]);
  }
};

std::string Elaborate(const adf::graph& graph) {
  Engine engine{hw::Timing()};
  return std::string(Array(graph.nodes(), &engine).Elaborate().message());
}

TEST(Cascade, ReachesTheNextTileOnly) {
  EXPECT_EQ(Elaborate(CascadeGraph(2, 1)), "");
  EXPECT_THAT(Elaborate(CascadeGraph(4, 1)), HasSubstr("is a cascade, but reaches only the next tile"));
  EXPECT_THAT(Elaborate(CascadeGraph(3, 2)), HasSubstr("is a cascade, but reaches only the next tile"));
}

template <class Kind, class To>
struct MixedGraph : adf::graph {
  explicit MixedGraph(To to) {
    adf::kernel a = adf::kernel::create(begin), b = adf::kernel::create(to);
    adf::connect<Kind>(a.out[0], b.in[0]);
  }
};

TEST(Cascade, JoinsNothingButCascadePorts) {
  using Streams = MixedGraph<adf::cascade, decltype(&stream_end)>;
  using Nets = MixedGraph<adf::stream, decltype(&end)>;
  EXPECT_THAT(Elaborate(Streams(stream_end)), HasSubstr("joins a cascade to something else"));
  EXPECT_THAT(Elaborate(Nets(end)), HasSubstr("joins a cascade to something else"));
}

}  // namespace
}  // namespace recurd::emu
