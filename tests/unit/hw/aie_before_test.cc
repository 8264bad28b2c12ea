#include "hw/emu/aie_system.h"
#include "tests/unit/hw/rowwise_equality.h"

namespace recurd::emu {
namespace {

template <int hidden>
void Expect(int tiles) {
  ExpectEqualsPlainForAllInputs<AieSystem, hidden, hw::Reset::kBefore>(hw::kMappingAie, tiles);
}

TEST(AieResetBefore, EqualsThePlainEvaluatorWith8Units) { Expect<8>(76); }
TEST(AieResetBefore, EqualsThePlainEvaluatorWith16Units) { Expect<16>(148); }
TEST(AieResetBefore, EqualsThePlainEvaluatorWith20Units) { Expect<20>(184); }
TEST(AieResetBefore, EqualsThePlainEvaluatorWith24Units) { Expect<24>(220); }
TEST(AieResetBefore, EqualsThePlainEvaluatorWith28Units) { Expect<28>(256); }
TEST(AieResetBefore, EqualsThePlainEvaluatorWith32Units) { Expect<32>(292); }
TEST(AieResetBefore, EqualsThePlainEvaluatorWith64UnitsTwoATile) { Expect<64>(292); }

}  // namespace
}  // namespace recurd::emu
