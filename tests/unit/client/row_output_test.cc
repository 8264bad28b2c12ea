#include "client/recurctl/row_output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace recurd {
namespace {

using ::testing::ElementsAre;

std::string Written(const std::string& format, absl::Span<const float> values) {
  char text[1000] = {};
  std::FILE* file = fmemopen(text, sizeof(text), "w");
  RowOutput output(file, format, {"a", "b"});
  output.Write("s", 0, values);
  output.Write("s", 1, values);
  EXPECT_TRUE(output.Flush().ok());
  std::fclose(file);
  return text;
}

TEST(RowOutput, WritesCsvWithOneHeader) {
  EXPECT_EQ(Written("csv", {1, -2.5}), "sequence,step,a,b\ns,0,1,-2.5\ns,1,1,-2.5\n");
}

TEST(RowOutput, WritesJsonLines) {
  EXPECT_EQ(
      Written("json", {1, -2.5}),
      "{\"sequence\":\"s\",\"step\":0,\"outputs\":[1,-2.5]}\n{\"sequence\":\"s\",\"step\":1,\"outputs\":[1,-2.5]}\n");
}

TEST(RowOutput, WritesFloatsThatReadBackAsTheSameBits) {
  for (const float value :
       {0.1f, 1.0f / 3, std::numeric_limits<float>::min(), std::numeric_limits<float>::max(), -0.0f}) {
    const std::string text = Written("csv", {value});
    EXPECT_EQ(std::strtof(text.c_str() + text.rfind(',') + 1, nullptr), value) << text;
  }
}

TEST(RowOutput, SaysWhenTheDiskIsFull) {
  std::FILE* full = std::fopen("/dev/full", "w");
  RowOutput output(full, "csv", {"a"});
  output.Write("s", 0, {1});
  EXPECT_FALSE(output.Flush().ok());
  std::fclose(full);
}

TEST(OutputNames, NumberTheFloatsOfATensor) {
  v1::GetModelResponse model;
  model.set_output_size(3);
  model.add_outputs()->set_name("y");
  model.mutable_outputs(0)->set_row_size(1);
  model.add_outputs()->set_name("p");
  model.mutable_outputs(1)->set_row_size(2);
  EXPECT_THAT(OutputNames(model), ElementsAre("y", "p[0]", "p[1]"));
  model.mutable_outputs(1)->set_row_size(4'000'000'000u);
  EXPECT_EQ(OutputNames(model).size(), 3u);
}

}  // namespace
}  // namespace recurd
