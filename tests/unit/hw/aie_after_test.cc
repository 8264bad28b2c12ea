#include "hw/emu/aie_system.h"
#include "tests/unit/hw/rowwise_equality.h"

namespace recurd::emu {
namespace {

template <int hidden>
void Expect(int tiles) {
  ExpectEqualsPlainForAllInputs<AieSystem, hidden, hw::Reset::kAfter>(hw::kMappingAie, tiles);
}

TEST(AieResetAfter, EqualsThePlainEvaluatorWith8Units) { Expect<8>(76); }
TEST(AieResetAfter, EqualsThePlainEvaluatorWith16Units) { Expect<16>(148); }
TEST(AieResetAfter, EqualsThePlainEvaluatorWith20Units) { Expect<20>(184); }
TEST(AieResetAfter, EqualsThePlainEvaluatorWith24Units) { Expect<24>(220); }
TEST(AieResetAfter, EqualsThePlainEvaluatorWith28Units) { Expect<28>(256); }
TEST(AieResetAfter, EqualsThePlainEvaluatorWith32Units) { Expect<32>(292); }
TEST(AieResetAfter, EqualsThePlainEvaluatorWith64UnitsTwoATile) { Expect<64>(292); }

}  // namespace
}  // namespace recurd::emu
