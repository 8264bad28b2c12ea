#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "tests/unit/client/fake_server.h"
#include "tests/unit/client/shell.h"

namespace recurd {
namespace {

using ::testing::HasSubstr;

std::string ReadSource(const std::string& path) {
  std::ifstream file(RECURD_SOURCE_DIR "/" + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(ExampleStream, StepsAModelThroughItsInput) {
  const FakeServer server;
  const ShellResult result = RunShell("printf '1 2\\n3 4\\n' | " EXAMPLE " " + server.address() + " sum");
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.output, "3 \n10 \n");
}

TEST(ExampleStream, SaysWhatIsWrong) {
  const FakeServer server;
  const ShellResult result = RunShell(EXAMPLE " " + server.address() + " nope 2>&1 </dev/null");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.output, HasSubstr("model 'nope' is not served"));
}

TEST(ExampleDurable, GoesOnAtAnotherServer) {
  FakeServer one;
  const FakeServer two;
  one.Script({{Mishap::kBeforeOutputs, 1}});
  const ShellResult result = RunShell("printf '1 2\\n3 4\\n5 6\\n' | " DURABLE_EXAMPLE " 127.0.0.1:1," + one.address() +
                                      "," + two.address() + " sum");
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.output, "3 \n10 \n21 \n");
}

TEST(ClientReadme, ShowsTheExampleThatIsCompiled) {
  const std::string example = ReadSource("client/examples/stream.cc");
  ASSERT_THAT(example, HasSubstr("int main"));
  EXPECT_THAT(ReadSource("client/README.md"), HasSubstr("```cpp\n" + example + "```\n"));
}

}  // namespace
}  // namespace recurd
