#include "tests/unit/hw/cascade_equality.h"

namespace recurd::emu {
namespace {

constexpr hw::Reset kReset = hw::Reset::kBefore;

TEST(CascadeResetBefore, EqualsThePlainEvaluatorWith8Units) { ExpectCascadeEqualsPlain<8, kReset>(); }
TEST(CascadeResetBefore, EqualsThePlainEvaluatorWith16Units) { ExpectCascadeEqualsPlain<16, kReset>(); }
TEST(CascadeResetBefore, EqualsThePlainEvaluatorWith20Units) { ExpectCascadeEqualsPlain<20, kReset>(); }
TEST(CascadeResetBefore, EqualsThePlainEvaluatorWith24Units) { ExpectCascadeEqualsPlain<24, kReset>(); }
TEST(CascadeResetBefore, EqualsThePlainEvaluatorWith28Units) { ExpectCascadeEqualsPlain<28, kReset>(); }
TEST(CascadeResetBefore, EqualsThePlainEvaluatorWith32Units) { ExpectCascadeEqualsPlain<32, kReset>(); }
TEST(CascadeResetBefore, EqualsThePlainEvaluatorWith64Units) { ExpectCascadeEqualsPlain<64, kReset>(); }
// Four vectors of rows at once, and one more.
TEST(CascadeResetBefore, EqualsThePlainEvaluatorWith40Units) { ExpectCascadeEqualsPlainAt<40, 8, kReset>(8); }

}  // namespace
}  // namespace recurd::emu
