// What a pipeline says to boards, files and models that it can't take.
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/pipeline/xrt/xrt_pipeline.h"
#include "tests/unit/pipeline/xrt/sim_bits.h"
#include "tests/unit/pipeline/xrt/virtual_board.h"

namespace recurd {
namespace {

using testing::AllOf;
using testing::HasSubstr;

using XrtRefusalTest = VirtualBoardTest;

TEST_F(XrtRefusalTest, ADirtyBoardWithoutAnXclbinOfTheArrayIsAnErrorThatNamesIt) {
  hooks_.set_faults("dirty");
  const emu::Placement& placement = *emu::FindPlacement(hw::kMappingLanes, kGruAfter);
  const absl::Status status = TryOpen(WriteXclbin("design.xclbin", placement, virtual_board::XclbinKind::kFull));
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr("--aie_xclbin"), HasSubstr("aie_only.xclbin")));
}

TEST_F(XrtRefusalTest, AnotherDesignIsRefusedNamingBoth) {
  const emu::Placement& placement = *emu::FindPlacement(hw::kMappingLanes, kGruAfter);
  const std::string xclbin = WriteXclbins(placement);
  struct Case {
    const char* fault;
    std::vector<const char*> says;
  };
  for (const Case& each : {Case{"magic", {"MAGIC", "0x52435244"}},
                           {"foreign", {"MAGIC", "0x00000000"}},
                           {"abi", {"ABI", "1.0"}},
                           {"geometry", {"GEOMETRY", "weight sets"}},
                           {"numerics", {"NUMERICS"}}}) {
    PowerCycle();
    hooks_.set_faults(each.fault);
    const absl::Status status = TryOpen(xclbin);
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
    for (const char* part : each.says) EXPECT_THAT(std::string(status.message()), HasSubstr(part)) << each.fault;
  }
}

TEST_F(XrtRefusalTest, AnotherBuildThanTheXclbinsIsRefusedNamingBoth) {
  const std::string xclbin = WriteXclbins(*emu::FindPlacement(hw::kMappingLanes, kGruAfter));
  std::ofstream(folder_ / "build_id") << "0x00000007\n";
  EXPECT_TRUE(TryOpen(xclbin).ok());
  pipeline_.reset();
  PowerCycle();
  hooks_.set_faults("build");
  const absl::Status status = TryOpen(xclbin);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("0x00000007"));
}

TEST_F(XrtRefusalTest, AnXclbinThatIsNoneOrNotThereIsNamed) {
  EXPECT_EQ(TryOpen("").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(TryOpen("/nowhere/a.xclbin").message()), HasSubstr("--xclbin=/nowhere/a.xclbin"));
  const std::string text = (folder_ / "text.xclbin").string();
  std::ofstream(text) << "hello, I am no xclbin";
  EXPECT_THAT(std::string(TryOpen(text).message()), AllOf(HasSubstr(text), HasSubstr("no xclbin")));
}

TEST_F(XrtRefusalTest, ALayerThatDoesNotFitIsRefusedWithTheReasonAndTheWayOut) {
  Open(hw::kMappingLanes, kGruAfter);
  const auto why_not = [&](const Model& model) {
    const absl::Status status = pipeline_->Prepare(std::make_shared<const Model>(model)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr("'layer'"), HasSubstr("--pipeline=cpu")));
    return std::string(status.message());
  };
  EXPECT_THAT(why_not(Stack(6, {{LayerKind::kGruResetAfter, 40}})),
              AllOf(HasSubstr("40 units"), HasSubstr("32 units with 8 inputs")));
  EXPECT_THAT(why_not(Stack(6, {{LayerKind::kGruResetBefore, 20}})), HasSubstr("other form of reset"));
  EXPECT_THAT(why_not(Stack(6, {{LayerKind::kRnn, 20}})), HasSubstr("plain RNN"));
}

}  // namespace
}  // namespace recurd
