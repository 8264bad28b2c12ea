#include "hw/emu/hybrid_system.h"
#include "tests/unit/hw/rowwise_equality.h"

namespace recurd::emu {
namespace {

template <int hidden>
void Expect(int tiles) {
  ExpectEqualsPlainForAllInputs<HybridSystem, hidden, hw::Reset::kAfter>(hw::kMappingHybrid, tiles);
}

TEST(HybridResetAfter, EqualsThePlainEvaluatorWith8Units) { Expect<8>(73); }
TEST(HybridResetAfter, EqualsThePlainEvaluatorWith16Units) { Expect<16>(145); }
TEST(HybridResetAfter, EqualsThePlainEvaluatorWith20Units) { Expect<20>(181); }
TEST(HybridResetAfter, EqualsThePlainEvaluatorWith24Units) { Expect<24>(217); }
TEST(HybridResetAfter, EqualsThePlainEvaluatorWith28Units) { Expect<28>(253); }
TEST(HybridResetAfter, EqualsThePlainEvaluatorWith32Units) { Expect<32>(289); }
TEST(HybridResetAfter, EqualsThePlainEvaluatorWith64UnitsTwoATile) { Expect<64>(289); }

}  // namespace
}  // namespace recurd::emu
