#include "tests/unit/hw/hybrid_equality.h"

namespace recurd::emu {
namespace {

constexpr hw::Reset kReset = hw::Reset::kAfter;

TEST(HybridResetAfter, EqualsThePlainEvaluatorWith8Units) { ExpectHybridEqualsPlainForAllInputs<8, kReset>(); }
TEST(HybridResetAfter, EqualsThePlainEvaluatorWith16Units) { ExpectHybridEqualsPlainForAllInputs<16, kReset>(); }
TEST(HybridResetAfter, EqualsThePlainEvaluatorWith20Units) { ExpectHybridEqualsPlainForAllInputs<20, kReset>(); }
TEST(HybridResetAfter, EqualsThePlainEvaluatorWith24Units) { ExpectHybridEqualsPlainForAllInputs<24, kReset>(); }
TEST(HybridResetAfter, EqualsThePlainEvaluatorWith28Units) { ExpectHybridEqualsPlainForAllInputs<28, kReset>(); }
TEST(HybridResetAfter, EqualsThePlainEvaluatorWith32Units) { ExpectHybridEqualsPlainForAllInputs<32, kReset>(); }

}  // namespace
}  // namespace recurd::emu
