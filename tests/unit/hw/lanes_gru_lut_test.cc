#include "tests/unit/hw/lanes_fixture.h"

namespace recurd::emu {
namespace {

constexpr LaneNumerics kLut = LaneNumerics::kLut;

template <LaneCell cell>
void ExpectSmallLayersEqual() {
  ExpectLayerEqual<8, 8, cell, kLut>({1, 8}, 3);
  ExpectLayerEqual<16, 8, cell, kLut>({8}, 6);
  ExpectLayerEqual<20, 8, cell, kLut>({1, 8}, 9);
  ExpectLayerEqual<20, 24, cell, kLut>({20}, 9);
  ExpectLayerEqual<20, 64, cell, kLut>({64}, 9);
  ExpectLayerEqual<32, 8, cell, kLut>({1, 8}, 12);
  ExpectLayerEqual<32, 64, cell, kLut>({64}, 12);
}

template <LaneCell cell>
void ExpectLargeLayersEqual() {
  ExpectLayerEqual<32, 256, cell, kLut, 1>({256}, 24);
  ExpectLayerEqual<64, 64, cell, kLut>({57, 64}, 24);
  ExpectLayerEqual<128, 24, cell, kLut>({20}, 48);
  ExpectLayerEqual<128, 256, cell, kLut, 1>({256}, 96);
  ExpectLayerEqual<256, 8, cell, kLut, 1>({8}, 96);
  ExpectLayerEqual<256, 8, cell, kLut, 2>({8}, 192);    // U over two tiles
  ExpectLayerEqual<20, 256, cell, kLut, 2>({256}, 27);  // W over two tiles
}

TEST(LanesLut, SmallGrusWithTheResetBeforeTheMatrixEqualThePlainEvaluator) {
  ExpectSmallLayersEqual<LaneCell::kGruBefore>();
}
TEST(LanesLut, SmallGrusWithTheResetBehindTheMatrixEqualThePlainEvaluator) {
  ExpectSmallLayersEqual<LaneCell::kGruAfter>();
}
TEST(LanesLut, LargeGrusWithTheResetBeforeTheMatrixEqualThePlainEvaluator) {
  ExpectLargeLayersEqual<LaneCell::kGruBefore>();
}
TEST(LanesLut, LargeGrusWithTheResetBehindTheMatrixEqualThePlainEvaluator) {
  ExpectLargeLayersEqual<LaneCell::kGruAfter>();
}

// The plain evaluator itself is near to the exact one: what tables cost.
TEST(LanesLut, PlainEvaluatorIsNearTheReference) {
  for (const LaneCell cell : {LaneCell::kGruBefore, LaneCell::kGruAfter, LaneCell::kLstm}) {
    LaneModel lut, exact;
    lut.Add(20, 6, cell, LaneNumerics::kLut, 7);
    exact.Add(20, 6, cell, LaneNumerics::kExact, 7);
    const std::vector<float> x = RandomFloats(50 * 6, 5, 1.0f);
    lut.Run(x.data(), 50), exact.Run(x.data(), 50);
    for (size_t i = 0; i < 20; ++i) {
      EXPECT_NEAR(lut.layers()[0].state[i], exact.layers()[0].state[i], 4e-3) << static_cast<int>(cell) << " " << i;
    }
  }
}

}  // namespace
}  // namespace recurd::emu
