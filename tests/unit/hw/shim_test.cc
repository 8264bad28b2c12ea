// The vector operations of the shim: their values, and the times that a scoreboard gives them.
#include <adf.h>
#include <gtest/gtest.h>

#include <aie_api/aie.hpp>
#include <aie_api/aie_adf.hpp>
#include <cmath>
#include <functional>

#include "hw/emu/engine.h"
#include "hw/pl/pl_types.h"

namespace recurd::emu {
namespace {

using Vector = aie::vector<float, 8>;

// Runs `body` as a tile and returns when all that it started is over.
Cycles Took(std::function<void()> body) {
  Engine engine{hw::Timing()};
  Process* tile = engine.AddProcess("tile", std::move(body));
  engine.Run();
  return tile->horizon;
}

Vector Counting(float first) {
  Vector v;
  for (int i = 0; i < 8; ++i) v.lanes[i] = first + static_cast<float>(i);
  return v;
}

TEST(Shim, MultiplyAccumulateIsFused) {
  Took([] {
    const float a = 1.0f + 0x1p-12f, b = a;
    Vector x = aie::broadcast<float, 8>(a), y = aie::broadcast<float, 8>(b);
    const aie::accum<accfloat, 8> minus_one(aie::broadcast<float, 8>(-1.0f));
    EXPECT_EQ(aie::mac(minus_one, x, y).lanes[3], std::fma(a, b, -1.0f));
    EXPECT_NE(aie::mac(minus_one, x, y).lanes[3], a * b - 1.0f);
  });
}

TEST(Shim, ReductionAddsHalves) {
  Took([] {
    Vector v;
    const float lanes[8] = {1e8f, 1, 2, 3, -1e8f, 4, 5, 6};
    for (int i = 0; i < 8; ++i) v.lanes[i] = lanes[i];
    EXPECT_EQ(aie::reduce_add(v), ((1e8f - 1e8f) + (2 + 5.0f)) + ((1 + 4.0f) + (3 + 6.0f)));
  });
}

TEST(Shim, FixedPointRoundsDownAndSaturates) {
  Took([] {
    Vector v;
    v.lanes[0] = 2.9f, v.lanes[1] = -2.1f, v.lanes[2] = 1e30f, v.lanes[3] = -1e30f, v.lanes[4] = NAN;
    const aie::vector<int32, 8> fixed = aie::to_fixed<int32>(v);
    EXPECT_EQ(fixed.lanes[0], 2);
    EXPECT_EQ(fixed.lanes[1], -3);
    EXPECT_EQ(fixed.lanes[2], INT32_MAX);
    EXPECT_EQ(fixed.lanes[3], INT32_MIN);
  });
}

TEST(Shim, ChainedSumsWaitForTheAccumulatorIndependentOnesDoNot) {
  const Vector v = Counting(1);
  const Cycles chained = Took([&] {
    aie::accum<accfloat, 8> sum;
    for (int i = 0; i < 10; ++i) sum = aie::mac(sum, v, v);
  });
  const Cycles two = Took([&] {
    aie::accum<accfloat, 8> even, odd;
    for (int i = 0; i < 5; ++i) even = aie::mac(even, v, v), odd = aie::mac(odd, v, v);
  });
  EXPECT_EQ(chained, 20);
  EXPECT_EQ(two, 11);
}

TEST(Shim, ASeparatorKeepsWhatFollowsBehindWhatCameBefore) {
  const Vector v = Counting(1);
  const Cycles loop_overhead = hw::Timing().loop_overhead;
  EXPECT_EQ(Took([&] { aie::add(v, v), aie::add(v, v); }), 7);
  EXPECT_EQ(Took([&] {
              aie::add(v, v);
              chess_separator_scheduler();
              aie::add(v, v);
            }),
            12 + loop_overhead);
}

TEST(Shim, BitRangesOfWideWordsReadAndWrite) {
  ap_uint<128> wide;
  wide(63, 32) = 0xdeadbeef;
  EXPECT_EQ(wide.words[1], 0xdeadbeefu);
  wide(40, 24) = 0x1abcd;
  EXPECT_EQ(static_cast<uint32_t>(wide(40, 24)), 0x1abcdu);
  EXPECT_EQ(wide.words[1] >> 9, 0xdeadbeefu >> 9);
  wide.range(4, 0) = 0xff;
  EXPECT_EQ(wide.words[0] & 0xff, 0x1fu);
  EXPECT_EQ(static_cast<uint64_t>(ap_uint<5>(0xff)), 0x1fu);
}

TEST(Shim, PacketHeadersHaveOddParity) {
  Engine engine{hw::Timing()};
  output_pktstream out;
  input_pktstream in;
  out.port.channel = engine.AddChannel("packets", "writer");
  engine.AddProcess("writer", [&] {
    for (unsigned id = 0; id < 32; ++id) writeHeader(&out, 0, id);
  });
  in.port = engine.AddReader(out.port.channel,
                             engine.AddProcess("reader",
                                               [&] {
                                                 for (unsigned id = 0; id < 32; ++id) {
                                                   const uint32 header = readincr(&in);
                                                   EXPECT_EQ(__builtin_parity(header), 1);
                                                   EXPECT_EQ(header & 0x1f, id);
                                                 }
                                               }),
                             0, 64);
  engine.Run();
  EXPECT_EQ(engine.Waiting(), "");
}

}  // namespace
}  // namespace recurd::emu
