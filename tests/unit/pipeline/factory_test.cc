#include "server/pipeline/factory.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace recurd {
namespace {

using testing::HasSubstr;

TEST(MakePipelineTest, MakesTheCpuPipeline) {
  const auto pipeline = MakePipeline("cpu");
  ASSERT_TRUE(pipeline.ok()) << pipeline.status();
  EXPECT_STREQ((*pipeline)->name(), "cpu");
}

TEST(MakePipelineTest, ListsTheChoicesForANameThatIsNone) {
  const absl::Status status = MakePipeline("gpu").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), testing::AllOf(HasSubstr("\"gpu\""), HasSubstr("cpu, sim, xrt")));
}

}  // namespace
}  // namespace recurd
