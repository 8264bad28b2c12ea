#include "client/recurctl/state_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace recurd {
namespace {

using ::testing::HasSubstr;

class StateFileTest : public ::testing::Test {
 protected:
  StateFileTest() {
    session_.set_model("sum");
    session_.mutable_state()->set_format(1);
    session_.mutable_state()->set_step(5);
    session_.mutable_state()->add_values(2.5f);
  }
  std::string Error(const std::string& path) { return std::string(ReadStateFile(path).status().message()); }

  const std::string path_ = ::testing::TempDir() + "/state_file_test.state";
  v1::ExportSessionResponse session_;
};

TEST_F(StateFileTest, IsReadAsItWasWrittenAndForItsOwnerOnly) {
  std::filesystem::remove(path_);
  ASSERT_TRUE(WriteStateFile(path_, session_).ok());
  const auto session = ReadStateFile(path_);
  ASSERT_TRUE(session.ok()) << session.status();
  EXPECT_EQ(session->SerializeAsString(), session_.SerializeAsString());
  struct stat info;
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(StateFileTest, AFileOfAnotherKindIsRefusedByName) {
  std::ofstream(path_) << "whatever";
  EXPECT_THAT(Error(path_), HasSubstr(path_ + ": holds no state of format 1"));
  session_.mutable_state()->set_format(2);
  ASSERT_TRUE(WriteStateFile(path_, session_).ok());
  EXPECT_THAT(Error(path_), HasSubstr("holds no state of format 1"));
  EXPECT_THAT(Error("/nowhere/x"), HasSubstr("/nowhere/x: can't be read: No such file"));
  EXPECT_THAT(Error("/dev/zero"), HasSubstr("no regular file"));
}

TEST_F(StateFileTest, AHugeFileIsRefusedUnread) {
  std::ofstream(path_) << "";
  std::filesystem::resize_file(path_, uint64_t{1} << 40);
  EXPECT_THAT(Error(path_), HasSubstr("1099511627776 bytes, but the limit is 67108864"));
  std::filesystem::remove(path_);
}

TEST_F(StateFileTest, AnUnwritablePlaceIsNamed) {
  EXPECT_THAT(std::string(WriteStateFile("/nowhere/x", session_).message()), HasSubstr("/nowhere/x: can't be written"));
}

}  // namespace
}  // namespace recurd
