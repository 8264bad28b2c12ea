#include "server/pipeline/factory.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace recurd {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;

std::string WhyNot(const PipelineOptions& options) {
  const absl::Status status = MakePipeline(options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  return std::string(status.message());
}

TEST(MakePipelineTest, MakesThePipelinesItWasBuiltWith) {
  for (const char* name : {"cpu", "sim"}) {
    const auto pipeline = MakePipeline({.pipeline = name});
    ASSERT_TRUE(pipeline.ok()) << pipeline.status();
    EXPECT_STREQ((*pipeline)->name(), name);
  }
}

TEST(MakePipelineTest, ListsTheChoicesForANameThatIsNone) {
  EXPECT_THAT(WhyNot({.pipeline = "gpu"}), AllOf(HasSubstr("\"gpu\""), HasSubstr("cpu, sim, xrt")));
  EXPECT_THAT(WhyNot({.pipeline = "sim", .mapping = "spiral"}), AllOf(HasSubstr("spiral"), HasSubstr("hybrid")));
}

TEST(MakePipelineTest, AnOptionOfTheArrayIsRefusedWithoutOne) {
  const auto says = [](const char* flag) { return AllOf(HasSubstr(flag), HasSubstr("--pipeline=cpu")); };
  EXPECT_THAT(WhyNot({.mapping = "hybrid"}), says("--mapping=hybrid"));
  EXPECT_THAT(WhyNot({.sim_exact = true}), says("--sim_exact"));
  EXPECT_THAT(WhyNot({.timing_file = "board.txt"}), says("--timing_file=board.txt"));
}

TEST(MakePipelineTest, AnOptionOfTheBoardIsRefusedWithoutOne) {
  for (const char* name : {"cpu", "sim"}) {
    const auto says = [&](const char* flag) {
      return AllOf(HasSubstr(flag), HasSubstr(std::string("--pipeline=") + name), HasSubstr("--pipeline=xrt"));
    };
    EXPECT_THAT(WhyNot({.pipeline = name, .xclbin = "a.xclbin"}), says("--xclbin=a.xclbin"));
    EXPECT_THAT(WhyNot({.pipeline = name, .aie_xclbin = "b.xclbin"}), says("--aie_xclbin=b.xclbin"));
    EXPECT_THAT(WhyNot({.pipeline = name, .device = 3}), says("--device=3"));
  }
}

TEST(MakePipelineTest, TheBoardIsAskedForByNameOrSaidNotToBeBuilt) {
  const absl::Status status = MakePipeline({.pipeline = "xrt"}).status();
  EXPECT_THAT(std::string(status.message()), AnyOf(HasSubstr("--xclbin=FILE"), HasSubstr("built without")));
  EXPECT_THAT(WhyNot({.pipeline = "xrt", .sim_exact = true}), HasSubstr("--sim_exact"));
}

}  // namespace
}  // namespace recurd
