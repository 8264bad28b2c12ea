// The activations other than tables: emulated array and plain loops give the same bits.
#include "tests/unit/hw/lanes_fixture.h"

namespace recurd::emu {
namespace {

template <LaneNumerics form>
void ExpectLayersEqual() {
  ExpectLayerEqual<20, 8, LaneCell::kGruBefore, form>({1, 8}, 9);
  ExpectLayerEqual<32, 64, LaneCell::kGruBefore, form>({64}, 12);
  ExpectLayerEqual<20, 8, LaneCell::kGruAfter, form>({1, 8}, 9);
  ExpectLayerEqual<32, 64, LaneCell::kGruAfter, form>({64}, 12);
  ExpectLayerEqual<20, 8, LaneCell::kLstm, form>({8}, 12);
}

TEST(LanesActivations, InterpolatedTablesEqualTheServersReference) {
  ExpectLayersEqual<LaneNumerics::kLutInterpolated>();
}
TEST(LanesActivations, PiecewiseLinearEqualsTheServersReference) {
  ExpectLayersEqual<LaneNumerics::kPiecewiseLinear>();
}
TEST(LanesActivations, CordicEqualsTheServersReference) { ExpectLayersEqual<LaneNumerics::kCordic>(); }
TEST(LanesActivations, PolynomialEqualsTheServersReference) { ExpectLayersEqual<LaneNumerics::kPolynomial>(); }

TEST(LanesActivations, ALayerOfALargerSizeEqualsTheServersReference) {
  ExpectLayerEqual<128, 24, LaneCell::kGruAfter, LaneNumerics::kPolynomial>({20}, 48);
}

// A layer's activations are a matter of the PL: the graph is the same.
TEST(LanesActivations, LayersInAStackMayDiffer) {
  LaneModel model;
  model.Add(20, 6, LaneCell::kGruAfter, LaneNumerics::kCordic, 3);
  model.Add(16, 20, LaneCell::kGruBefore, LaneNumerics::kLut, 4);
  ExpectLanesEqual<LanesSystem<hw::LanesConfig<20, 6, LaneCell::kGruAfter, LaneNumerics::kCordic>,
                               hw::LanesConfig<16, 20, LaneCell::kGruBefore, LaneNumerics::kLut>>>(&model, 9 + 6);
}

}  // namespace
}  // namespace recurd::emu
