// LSTMs, and stacks of layers.
#include "tests/unit/hw/lanes_fixture.h"

namespace recurd::emu {
namespace {

constexpr LaneCell kLstm = LaneCell::kLstm;
constexpr LaneNumerics kLut = LaneNumerics::kLut, kExact = LaneNumerics::kExact;

TEST(LanesLstm, EqualsThePlainEvaluatorWithTables) {
  ExpectLayerEqual<8, 8, kLstm, kLut>({1}, 4);
  ExpectLayerEqual<20, 24, kLstm, kLut>({20}, 12);
  ExpectLayerEqual<32, 64, kLstm, kLut>({64}, 16);
  ExpectLayerEqual<64, 256, kLstm, kLut, 1>({256}, 64);
}

TEST(LanesLstm, EqualsTheServersReference) {
  ExpectLayerEqual<8, 8, kLstm, kExact>({1}, 4);
  ExpectLayerEqual<20, 24, kLstm, kExact>({20}, 12);
  ExpectLayerEqual<64, 64, kLstm, kExact>({64}, 32);
}

template <int hidden, int input, LaneCell cell, LaneNumerics numerics>
using Config = hw::LanesConfig<hidden, input, cell, numerics>;

TEST(LanesStack, TwoGrusEqualTwoPlainEvaluators) {
  LaneModel model;
  model.Add(20, 6, LaneCell::kGruAfter, kLut, 3);
  model.Add(16, 20, LaneCell::kGruBefore, kLut, 4);
  ExpectLanesEqual<LanesSystem<Config<20, 6, LaneCell::kGruAfter, kLut>, Config<16, 20, LaneCell::kGruBefore, kLut>>>(
      &model, 9 + 6);
}

TEST(LanesStack, TwoLstmsEqualTwoReferences) {
  LaneModel model;
  model.Add(16, 20, kLstm, kExact, 3);
  model.Add(20, 16, kLstm, kExact, 4);
  ExpectLanesEqual<LanesSystem<Config<16, 20, kLstm, kExact>, Config<20, 16, kLstm, kExact>>>(&model, 8 + 12);
}

TEST(LanesStack, ThreeLayersOfDifferentKindsEqualTheirOracles) {
  LaneModel model;
  model.Add(20, 6, kLstm, kLut, 3);
  model.Add(8, 20, LaneCell::kGruAfter, kExact, 4);
  model.Add(16, 8, LaneCell::kGruBefore, kLut, 5);
  ExpectLanesEqual<LanesSystem<Config<20, 6, kLstm, kLut>, Config<8, 20, LaneCell::kGruAfter, kExact>,
                               Config<16, 8, LaneCell::kGruBefore, kLut>>>(&model, 12 + 3 + 6);
}

}  // namespace
}  // namespace recurd::emu
