// recurctl load and unload, as an administrator runs them, against a real daemon.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "recurd/client.h"
#include "tests/integration/child.h"
#include "tests/unit/client/shell.h"

namespace recurd {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

// A copy of the shipped models, which the test may change.
struct CopiedModels {
  CopiedModels() {
    std::string pattern = ::testing::TempDir() + "/recurctl_modelsXXXXXX";
    path = mkdtemp(pattern.data());
    fs::copy(RECURD_SOURCE_DIR "/deploy/models", path, fs::copy_options::recursive);
  }
  ~CopiedModels() { fs::remove_all(path); }
  fs::path path;
};

class ModelCommandsTest : public ::testing::Test {
 protected:
  ShellResult Run(const std::string& words) {
    return RunShell(RECURCTL " " + words + " --server=" + daemon_.address() + " 2>&1");
  }

  CopiedModels models_;
  Daemon daemon_{{"--model_repository=" + models_.path.string()}};
};

TEST_F(ModelCommandsTest, LoadsWhatThePolicyChoosesOrTheVersionNamed) {
  fs::copy(models_.path / "digits/1", models_.path / "digits/2");
  EXPECT_EQ(Run("load digits 2").output, "loaded digits, version 2\n");
  EXPECT_THAT(Run("models").output,
              AllOf(HasSubstr("digits                   1"), HasSubstr("digits                   2")));
  const ShellResult all = Run("load digits --json");
  EXPECT_EQ(all.exit_code, 0);
  EXPECT_EQ(all.output, "{\"version\":\"2\",\"versions\":[\"2\"],\"sessions_left\":0}\n");
}

TEST_F(ModelCommandsTest, UnloadSaysWhichVersionsAndHowManySessionsAreLeft) {
  const auto client = Client::Connect(daemon_.address());
  const auto session = client->Open("digits");
  const ShellResult unloaded = Run("unload digits");
  EXPECT_EQ(unloaded.exit_code, 0);
  EXPECT_THAT(unloaded.output, AllOf(HasSubstr("unloaded digits, version 1\n"), HasSubstr("1 sessions go on")));
  EXPECT_EQ(Run("health digits").exit_code, 1);
  const ShellResult again = Run("unload digits");
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_THAT(again.output, HasSubstr("digits_reset_before/1"));
}

TEST_F(ModelCommandsTest, AFailureIsToldWithItsReason) {
  std::ofstream(models_.path / "digits/1/model.onnx") << "no model";
  const ShellResult failed = Run("load digits");
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_THAT(failed.output, AllOf(HasSubstr("digits/1/model.onnx"), HasSubstr("no ONNX model")));
  EXPECT_EQ(Run("health digits").exit_code, 0);
  EXPECT_EQ(Run("load").exit_code, 2);
}

}  // namespace
}  // namespace recurd
