#include "hw/emu/hybrid_system.h"
#include "tests/unit/hw/rowwise_equality.h"

namespace recurd::emu {
namespace {

template <int hidden>
void Expect(int tiles) {
  ExpectEqualsPlainForAllInputs<HybridSystem, hidden, hw::Reset::kBefore>(hw::kMappingHybrid, tiles);
}

TEST(HybridResetBefore, EqualsThePlainEvaluatorWith8Units) { Expect<8>(73); }
TEST(HybridResetBefore, EqualsThePlainEvaluatorWith16Units) { Expect<16>(145); }
TEST(HybridResetBefore, EqualsThePlainEvaluatorWith20Units) { Expect<20>(181); }
TEST(HybridResetBefore, EqualsThePlainEvaluatorWith24Units) { Expect<24>(217); }
TEST(HybridResetBefore, EqualsThePlainEvaluatorWith28Units) { Expect<28>(253); }
TEST(HybridResetBefore, EqualsThePlainEvaluatorWith32Units) { Expect<32>(289); }
TEST(HybridResetBefore, EqualsThePlainEvaluatorWith64UnitsTwoATile) { Expect<64>(289); }

}  // namespace
}  // namespace recurd::emu
