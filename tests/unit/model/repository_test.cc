#include "server/model/repository.h"

#include <cstdlib>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/model/format/graph_builder.h"

namespace recurd {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class RepositoryTest : public testing::Test {
 protected:
  RepositoryTest() {
    std::string pattern = testing::TempDir() + "/repositoryXXXXXX";
    root_ = mkdtemp(pattern.data());
  }
  ~RepositoryTest() override { fs::remove_all(root_); }

  void Write(const std::string& path, const std::string& bytes) const {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path, std::ios::binary) << bytes;
  }
  void WriteModel(const std::string& folder) const {
    GraphBuilder g;
    g.Output(g.Through(2));
    Write(folder + "/model.onnx", g.Bytes());
  }
  ModelRepository Repository() const { return *ModelRepository::Open(root_); }
  ModelRepository::Entry Only() const { return Repository().Scan()->at(0); }
  std::string LoadError(const std::string& name, const std::string& version) const {
    return std::string(Repository().Load(name, version).status().message());
  }

  fs::path root_;
};

TEST_F(RepositoryTest, TheShippedRepositoryLoads) {
  const auto models = LoadRepository(RECURD_SOURCE_DIR "/deploy/models");
  ASSERT_TRUE(models.ok()) << models.status();
  ASSERT_EQ(models->size(), 2);
  EXPECT_EQ((*models)[0]->name, "digits");
  EXPECT_EQ((*models)[1]->name, "digits_reset_before");
  EXPECT_EQ((*models)[0]->version, "1");
}

TEST_F(RepositoryTest, MissingAndEmptyFoldersAreNamed) {
  EXPECT_THAT(ModelRepository::Open("/nowhere/at/all").status().message(), HasSubstr("'/nowhere/at/all'"));
  EXPECT_THAT(LoadRepository(root_).status().message(), AllOf(HasSubstr("holds no models"), HasSubstr("1/model.onnx")));
}

TEST_F(RepositoryTest, AModelTakesItsActivationFromItsConfiguration) {
  WriteModel("m/1");
  EXPECT_EQ((*Repository().Load("m", ""))->activation, std::nullopt);
  Write("m/config.pbtxt", "parameters { key: \"activation\" value { string_value: \"polynomial\" } }");
  EXPECT_EQ((*Repository().Load("m", ""))->activation, ActivationForm::kPolynomial);
  Write("m/config.pbtxt", "parameters { key: \"activation\" value { string_value: \"best\" } }");
  EXPECT_THAT(LoadError("m", ""), AllOf(HasSubstr("m/config.pbtxt"), HasSubstr("'best'"), HasSubstr("polynomial")));
}

TEST_F(RepositoryTest, TheNewestVersionIsServedByDefault) {
  for (const char* folder : {"m/2", "m/10", "m/9"}) WriteModel(folder);
  EXPECT_THAT(Only().versions, ElementsAre(10));
  EXPECT_EQ((*Repository().Load("m", ""))->version, "10");
  EXPECT_EQ((*Repository().Load("m", "2"))->version, "2");
}

TEST_F(RepositoryTest, ThePolicyChoosesVersions) {
  for (const char* folder : {"m/1", "m/2", "m/3"}) WriteModel(folder);
  Write("m/config.pbtxt", "version_policy { all { } }");
  EXPECT_THAT(Only().versions, ElementsAre(3, 2, 1));
  Write("m/config.pbtxt", "version_policy { latest { num_versions: 2 } }");
  EXPECT_THAT(Only().versions, ElementsAre(3, 2));
  Write("m/config.pbtxt", "version_policy { specific { versions: 1 versions: 3 } }");
  EXPECT_THAT(Only().versions, ElementsAre(3, 1));
  Write("m/config.pbtxt", "version_policy { specific { versions: 7 } }");
  EXPECT_THAT(Only().status.message(), HasSubstr("no version 7"));
}

TEST_F(RepositoryTest, AModelsChosenVersionsAreLoadedTogetherOrNotAtAll) {
  for (const char* folder : {"m/1", "m/2", "m/3"}) WriteModel(folder);
  Write("m/config.pbtxt", "version_policy { latest { num_versions: 2 } }");
  const auto models = Repository().LoadChosen("m");
  ASSERT_EQ(models->size(), 2);
  EXPECT_EQ(models->at(0)->version, "3");
  EXPECT_EQ(models->at(1)->version, "2");
  Write("m/2/model.onnx", "no model");
  EXPECT_THAT(Repository().LoadChosen("m").status().message(), HasSubstr("m/2/model.onnx"));
  EXPECT_THAT(Repository().LoadChosen("../m").status().message(), HasSubstr("a model's name is"));
}

TEST_F(RepositoryTest, HostileNamesAreNeverEchoedRaw) {
  const std::string nul("a\0b", 3);
  EXPECT_THAT(LoadError(nul, ""), HasSubstr("'a\\x00\\x62'"));
  EXPECT_THAT(LoadError("m", std::string("1\0", 2)), HasSubstr("'1\\x00'"));
  EXPECT_LT(LoadError(std::string(100'000, '\n'), "").size(), 1000u);
}

TEST_F(RepositoryTest, LoadsAllThatIsChosen) {
  WriteModel("a/1");
  WriteModel("b/1");
  WriteModel("b/2");
  Write("b/config.pbtxt", "version_policy { all { } }");
  EXPECT_EQ(LoadRepository(root_)->size(), 3);
}

TEST_F(RepositoryTest, AModelFolderWithoutVersionsSaysWhatIsExpected) {
  fs::create_directories(root_ / "m");
  EXPECT_THAT(Only().status.message(), AllOf(HasSubstr("m has no version"), HasSubstr("m/1/model.onnx")));
}

TEST_F(RepositoryTest, VersionFoldersAreWholeNumbers) {
  for (const char* version : {"v1", "0", "01", "-1", "1.5", "99999999999999999999"}) {
    WriteModel("m/1");
    WriteModel(std::string("m/") + version);
    EXPECT_THAT(Only().status.message(), HasSubstr(std::string("found '") + version + "'"));
    EXPECT_THAT(LoadError("m", version), HasSubstr("positive whole number"));
    fs::remove_all(root_ / "m");
  }
}

TEST_F(RepositoryTest, NamesFromClientsCanNotLeaveTheRepository) {
  WriteModel("m/1");
  for (const char* name : {"", ".", "..", "../m", "m/..", "/etc", ".hidden", "a b", "m\n"}) {
    EXPECT_THAT(LoadError(name, "1"), HasSubstr("a model's name is")) << name;
  }
  EXPECT_THAT(LoadError("m", "../1"), HasSubstr("positive whole number"));
}

TEST_F(RepositoryTest, HiddenFoldersAndPlainFilesAreLeftAlone) {
  WriteModel("m/1");
  WriteModel("..data/1");
  Write("README.md", "hello");
  EXPECT_EQ(Repository().Scan()->size(), 1);
}

TEST_F(RepositoryTest, LinksMayPointInsideButNotOutside) {
  WriteModel("..data/1");
  fs::create_directory_symlink("..data", root_ / "inside");
  EXPECT_TRUE(Repository().Load("inside", "1").ok());
  fs::create_directories(root_ / "outside" / "1");
  fs::create_symlink("/etc/passwd", root_ / "outside" / "1" / "model.onnx");
  EXPECT_THAT(LoadError("outside", "1"), HasSubstr("leads out of the model repository"));
}

TEST_F(RepositoryTest, AFolderBesideTheRepositoryIsOutside) {
  WriteModel("repository/m/1");
  WriteModel("repository_too/1");
  fs::create_directory_symlink(root_ / "repository_too", root_ / "repository" / "n");
  const auto repository = ModelRepository::Open(root_ / "repository");
  EXPECT_TRUE(repository->Load("m", "1").ok());
  EXPECT_FALSE(repository->Load("n", "1").ok());
}

TEST_F(RepositoryTest, OnlyRegularFilesAreRead) {
  fs::create_directories(root_ / "m/1/model.onnx");
  EXPECT_THAT(LoadError("m", "1"), HasSubstr("no regular file"));
}

TEST_F(RepositoryTest, MissingVersionsAreNotFound) {
  WriteModel("m/1");
  EXPECT_TRUE(absl::IsNotFound(Repository().Load("m", "2").status()));
  EXPECT_TRUE(absl::IsNotFound(Repository().Load("n", "").status()));
}

TEST_F(RepositoryTest, BadModelsAndConfigurationsAreNamedWithTheirPath) {
  WriteModel("m/1");
  Write("m/config.pbtxt", "surprise: 1");
  EXPECT_THAT(LoadError("m", "1"), AllOf(HasSubstr("m/config.pbtxt"), HasSubstr("surprise")));
  Write("m/config.pbtxt", "name: \"n\"");
  EXPECT_THAT(LoadError("m", "1"), AllOf(HasSubstr("m/config.pbtxt"), HasSubstr("name is 'n'")));
  Write("n/1/model.onnx", "no model");
  EXPECT_THAT(LoadError("n", "1"), AllOf(HasSubstr("n/1/model.onnx"), HasSubstr("no ONNX model")));
}

}  // namespace
}  // namespace recurd
