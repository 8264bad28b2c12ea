#include "client/recurctl/model_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace recurd {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

const fs::path kDigits = RECURD_SOURCE_DIR "/deploy/models/digits";

class ModelFileTest : public ::testing::Test {
 protected:
  ModelFileTest() { fs::create_directories(folder_); }
  ~ModelFileTest() override { fs::remove_all(folder_); }
  void WriteConfig(const std::string& text) const { std::ofstream(folder_ / "config.pbtxt") << text; }
  std::string Copy(const std::string& name) const {
    fs::copy_file(kDigits / "1/model.onnx", folder_ / name);
    return (folder_ / name).string();
  }
  std::string ErrorOf(const std::string& where) const {
    return std::string(ImportModelFile(*ReadModelFile(where), nullptr).status().message());
  }

  const fs::path folder_ = fs::path(::testing::TempDir()) / "model_file_test";
};

TEST_F(ModelFileTest, FindsTheSameModelByFileVersionAndName) {
  for (const fs::path& where : {kDigits / "1/model.onnx", kDigits / "1", kDigits}) {
    const auto file = ReadModelFile(where.string());
    ASSERT_TRUE(file.ok()) << file.status();
    EXPECT_EQ(file->name, "digits");
    EXPECT_EQ(file->version, "1");
    EXPECT_EQ(file->config_path, (kDigits / "config.pbtxt").string());
    EXPECT_TRUE(ImportModelFile(*file, nullptr).ok());
  }
}

TEST_F(ModelFileTest, TakesTheHighestVersion) {
  for (const char* version : {"2", "10"}) {
    fs::create_directories(folder_ / version);
    Copy(std::string(version) + "/model.onnx");
  }
  EXPECT_EQ(ReadModelFile(folder_.string())->version, "10");
}

TEST_F(ModelFileTest, HonoursAConfigurationBesideALooseFile) {
  const std::string file = Copy("loose.onnx");
  EXPECT_EQ(ReadModelFile(file)->name, "loose");
  WriteConfig("name: \"other\"\nparameters { key: \"activation\" value { string_value: \"cordic\" } }\n");
  const auto read = ReadModelFile(file);
  EXPECT_EQ(read->name, "other");
  const auto model = ImportModelFile(*read, nullptr);
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->activation, ActivationForm::kCordic);
}

TEST_F(ModelFileTest, RefusesAConfigurationThatSaysSomethingElseNamingIt) {
  const std::string file = Copy("loose.onnx");
  WriteConfig("name: \"loose\"\ninput { name: \"x\" data_type: TYPE_FP32 dims: [ -1, 1, 8 ] }\n");
  EXPECT_THAT(ErrorOf(file), HasSubstr((folder_ / "config.pbtxt").string() + ": "));
  WriteConfig("nonsense: 1\n");
  EXPECT_THAT(ErrorOf(file), HasSubstr("config.pbtxt: "));
}

TEST_F(ModelFileTest, SaysWhatIsMissing) {
  EXPECT_EQ(std::string(ReadModelFile("/nowhere/a.onnx").status().message()),
            "/nowhere/a.onnx: there is no such file; give an ONNX model");
  EXPECT_THAT(std::string(ReadModelFile(folder_.string()).status().message()),
              HasSubstr("/model_file_test/model.onnx: there is no such file"));
}

}  // namespace
}  // namespace recurd
