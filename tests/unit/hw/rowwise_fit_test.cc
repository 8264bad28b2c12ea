// What the row-wise mappings fit, and how they refuse what they don't.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hw/aie/graphs/gru_aie.h"
#include "hw/aie/graphs/gru_hybrid.h"
#include "hw/emu/graph_lint.h"

namespace recurd::emu {
namespace {

using hw::GruAie;
using hw::GruConfig;
using hw::GruHybrid;
using hw::Reset;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(RowReuse, IsTheLeastThatLeavesAtMost32GroupsOfEqualSize) {
  EXPECT_EQ(hw::RowReuse(1), 1);
  EXPECT_EQ(hw::RowReuse(32), 1);
  EXPECT_EQ(hw::RowReuse(40), 2);
  EXPECT_EQ(hw::RowReuse(64), 2);
  EXPECT_EQ(hw::RowReuse(65), 5);
  EXPECT_EQ(hw::RowReuse(96), 3);
}

TEST(RowwiseFit, RowReuseGoesOnUntilWeightsFillATile) {
  EXPECT_THAT(LintGraph(GruHybrid<GruConfig<256, 8, Reset::kBefore, 1>>().nodes()), IsEmpty());
  EXPECT_THAT(LintGraph(GruHybrid<GruConfig<256, 8, Reset::kBefore, 2>>().nodes()),
              Contains(HasSubstr("bytes of data memory of dot_row.cc@(6,1): 34816, but the limit is 32768")));
}

TEST(RowwiseFit, TheActivationsTableLeavesTheAieMappingRoomForFewBiases) {
  EXPECT_THAT(LintGraph(GruAie<GruConfig<64, 8, Reset::kAfter, 4>>().nodes()), IsEmpty());
  EXPECT_THAT(LintGraph(GruAie<GruConfig<64, 8, Reset::kAfter, 8>>().nodes()),
              Contains(HasSubstr("bytes of data memory of bias_id.cc@(6,2): 33088, but the limit is 32768")));
}

void looks_up(output_stream<float>*, const float (&)[hw::kLutWords]) {}

struct TableGraph : adf::graph {
  explicit TableGraph(bool single) {
    adf::kernel k = adf::kernel::create(looks_up);
    adf::source(k) = "bias_id.cc";
    adf::heap_size(k) = 32;
    if (single) adf::single_buffer(k.in[0]);
  }
};

TEST(RowwiseFit, ATableFitsATileInOneBufferOnly) {
  EXPECT_THAT(LintGraph(TableGraph(true).nodes()), IsEmpty());
  EXPECT_THAT(LintGraph(TableGraph(false).nodes()),
              Contains(HasSubstr("bytes of data memory of bias_id.cc@(-1,-1): 63056, but the limit is 32768")));
}

}  // namespace
}  // namespace recurd::emu
