#include "tests/unit/hw/cascade_equality.h"

namespace recurd::emu {
namespace {

constexpr hw::Reset kReset = hw::Reset::kAfter;

TEST(CascadeResetAfter, EqualsThePlainEvaluatorWith8Units) { ExpectCascadeEqualsPlain<8, kReset>(); }
TEST(CascadeResetAfter, EqualsThePlainEvaluatorWith16Units) { ExpectCascadeEqualsPlain<16, kReset>(); }
TEST(CascadeResetAfter, EqualsThePlainEvaluatorWith20Units) { ExpectCascadeEqualsPlain<20, kReset>(); }
TEST(CascadeResetAfter, EqualsThePlainEvaluatorWith24Units) { ExpectCascadeEqualsPlain<24, kReset>(); }
TEST(CascadeResetAfter, EqualsThePlainEvaluatorWith28Units) { ExpectCascadeEqualsPlain<28, kReset>(); }
TEST(CascadeResetAfter, EqualsThePlainEvaluatorWith32Units) { ExpectCascadeEqualsPlain<32, kReset>(); }
TEST(CascadeResetAfter, EqualsThePlainEvaluatorWith64Units) { ExpectCascadeEqualsPlain<64, kReset>(); }
// Four vectors of rows at once, and one more.
TEST(CascadeResetAfter, EqualsThePlainEvaluatorWith40Units) { ExpectCascadeEqualsPlainAt<40, 8, kReset>(8); }

}  // namespace
}  // namespace recurd::emu
