// The sigmoid and tanh of the tiles and the PL together, against the server's.
#include <bit>
#include <cmath>

#include "hw/aie/kernels/lane_exp.h"
#include "hw/emu/engine.h"
#include "hw/pl/lanes_math.h"
#include "server/numeric/activation.h"
#include "server/numeric/denormals.h"
#include "tests/unit/hw/gru_fixture.h"

namespace recurd::emu {
namespace {

// Runs on a tile: its operations want a scoreboard.
void OnATile(const std::function<void()>& body) {
  Engine engine{hw::Timing()};
  engine.AddProcess("tile", body);
  engine.Run();
}

// Every 1009th float there is, and what stands around zero and the ends of the core's range.
template <class Function>
void ForManyFloats(const Function& function) {
  aie::vector<float, 8> x;
  unsigned lane = 0;
  const auto add = [&](float value) {
    x.lanes[lane] = value;
    if (++lane < 8) return;
    lane = 0;
    function(x);
  };
  for (uint64_t bits = 0; bits <= 0xffffffffu; bits += 1009) add(std::bit_cast<float>(static_cast<uint32_t>(bits)));
  for (const float end : {0.0f, 44.0f, 87.33f, 88.0f, 17.3f, 9.01f}) {
    for (int ulp = -2000; ulp < 2000; ++ulp) {
      const float value = std::bit_cast<float>(std::bit_cast<int32_t>(end) + (end == 0 ? std::abs(ulp) : ulp));
      add(ulp % 2 == 0 ? value : -value);
    }
  }
}

template <class Tile, class Pl, class Server>
void ExpectSameBits(const Tile& tile, const Pl& pl, const Server& server) {
  const ScopedFlushToZero flush;
  int64_t compared = 0, different = 0;
  OnATile([&] {
    ForManyFloats([&](const aie::vector<float, 8>& x) {
      const aie::vector<float, 8> sent = tile(x);
      for (int i = 0; i < 8; ++i) {
        const float want = server(x.lanes[i]), got = pl(sent.lanes[i]);
        const bool same =
            std::isnan(want) ? std::isnan(got) : std::bit_cast<uint32_t>(want) == std::bit_cast<uint32_t>(got);
        ++compared;
        if (!same && ++different < 5) {
          ADD_FAILURE() << std::hexfloat << "at " << x.lanes[i] << ": " << got << ", not " << want;
        }
      }
    });
  });
  EXPECT_GT(compared, 4200000);
  EXPECT_EQ(different, 0);
}

using Exact = hw::lanes_math<hw::LaneNumerics::kExact>;

TEST(LaneExp, SigmoidHasTheServersBits) {
  ExpectSameBits([](const auto& x) { return hw::exp_lanes(x); }, &Exact::sigmoid, [](float x) { return Sigmoid(x); });
}

TEST(LaneExp, TanhHasTheServersBits) {
  ExpectSameBits([](const auto& x) { return hw::expm1_twice_lanes(x); }, &Exact::tanh, [](float x) { return Tanh(x); });
}

}  // namespace
}  // namespace recurd::emu
