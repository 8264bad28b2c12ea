#include "tests/unit/hw/lanes_fixture.h"

namespace recurd::emu {
namespace {

constexpr LaneNumerics kExact = LaneNumerics::kExact;

template <LaneCell cell>
void ExpectLayersEqual() {
  ExpectLayerEqual<8, 8, cell, kExact>({1, 8}, 3);
  ExpectLayerEqual<16, 24, cell, kExact>({20}, 6);
  ExpectLayerEqual<20, 8, cell, kExact>({1, 8}, 9);
  ExpectLayerEqual<20, 64, cell, kExact>({64}, 9);
  ExpectLayerEqual<32, 8, cell, kExact>({8}, 12);
  ExpectLayerEqual<32, 64, cell, kExact>({64}, 12);
  ExpectLayerEqual<32, 256, cell, kExact, 1>({256}, 24);
  ExpectLayerEqual<64, 64, cell, kExact>({57, 64}, 24);
  ExpectLayerEqual<128, 24, cell, kExact>({20}, 48);
  ExpectLayerEqual<256, 8, cell, kExact, 1>({8}, 96);
  ExpectLayerEqual<256, 8, cell, kExact, 2>({8}, 192);  // U over two tiles
}

TEST(LanesExact, GrusWithTheResetBeforeTheMatrixEqualTheServersReference) { ExpectLayersEqual<LaneCell::kGruBefore>(); }
TEST(LanesExact, GrusWithTheResetBehindTheMatrixEqualTheServersReference) { ExpectLayersEqual<LaneCell::kGruAfter>(); }

}  // namespace
}  // namespace recurd::emu
