#include "tests/unit/hw/hybrid_equality.h"

namespace recurd::emu {
namespace {

constexpr hw::Reset kReset = hw::Reset::kBefore;

TEST(HybridResetBefore, EqualsThePlainEvaluatorWith8Units) { ExpectHybridEqualsPlainForAllInputs<8, kReset>(); }
TEST(HybridResetBefore, EqualsThePlainEvaluatorWith16Units) { ExpectHybridEqualsPlainForAllInputs<16, kReset>(); }
TEST(HybridResetBefore, EqualsThePlainEvaluatorWith20Units) { ExpectHybridEqualsPlainForAllInputs<20, kReset>(); }
TEST(HybridResetBefore, EqualsThePlainEvaluatorWith24Units) { ExpectHybridEqualsPlainForAllInputs<24, kReset>(); }
TEST(HybridResetBefore, EqualsThePlainEvaluatorWith28Units) { ExpectHybridEqualsPlainForAllInputs<28, kReset>(); }
TEST(HybridResetBefore, EqualsThePlainEvaluatorWith32Units) { ExpectHybridEqualsPlainForAllInputs<32, kReset>(); }

}  // namespace
}  // namespace recurd::emu
