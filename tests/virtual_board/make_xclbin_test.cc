// make_xclbin, the program, as XRT reads what it writes.
#include <experimental/xrt_xclbin.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace {

// Exit code of make_xclbin.
int Make(const std::string& arguments) {
  const int status = std::system((RECURD_BINARY_DIR "/bin/make_xclbin " + arguments + " > /dev/null 2>&1").c_str());
  return WEXITSTATUS(status);
}

class MakeXclbin : public testing::Test {
 protected:
  ~MakeXclbin() override { std::remove(path.c_str()); }
  const std::string path = testing::TempDir() + "make_xclbin_test.xclbin";
};

TEST_F(MakeXclbin, WritesKernelsAndTheirArguments) {
  ASSERT_EQ(Make("--mapping=hybrid --hidden=32 --input=64 --cell=gru_before " + path), 0);
  const xrt::xclbin xclbin(path);
  std::vector<std::string> names;
  for (const auto& kernel : xclbin.get_kernels()) names.push_back(kernel.get_name());
  EXPECT_THAT(names, testing::UnorderedElementsAre("fetch", "store", "control"));
  EXPECT_EQ(xclbin.get_kernel("fetch").get_num_args(), 2u);
  EXPECT_EQ(xclbin.get_mems().size(), 1u);
}

TEST_F(MakeXclbin, TakesAUuid) {
  ASSERT_EQ(Make("--uuid=6f2d3c1e-1a5b-4c0d-9d7e-0123456789ab " + path), 0);
  EXPECT_EQ(xrt::xclbin(path).get_uuid().to_string(), "6f2d3c1e-1a5b-4c0d-9d7e-0123456789ab");
}

TEST_F(MakeXclbin, MakesTheUuidOfDesignAndKind) {
  const auto uuid = [&](const char* arguments) {
    EXPECT_EQ(Make(std::string(arguments) + " " + path), 0);
    return xrt::xclbin(path).get_uuid().to_string();
  };
  const std::string full = uuid("");
  EXPECT_EQ(uuid(""), full);
  EXPECT_NE(uuid("--build=2"), full);
  EXPECT_NE(uuid("--kind=pl"), full);
}

TEST_F(MakeXclbin, RefusesADesignThatWasNotBuilt) { EXPECT_EQ(Make("--hidden=33 " + path), 1); }

TEST_F(MakeXclbin, RefusesArgumentsThatAreNone) {
  EXPECT_EQ(Make("--mapping=none " + path), 2);
  EXPECT_EQ(Make("--colour=red " + path), 2);
  EXPECT_EQ(Make(""), 2);
  EXPECT_EQ(Make("--uuid=1 " + path), 2);
}

TEST_F(MakeXclbin, SaysWhenItCannotWrite) { EXPECT_EQ(Make("/nonexistent/x.xclbin"), 1); }

}  // namespace
