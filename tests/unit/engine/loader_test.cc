#include "server/engine/loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "server/pipeline/cpu/cpu_pipeline.h"

namespace recurd {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kModel[] = RECURD_SOURCE_DIR "/deploy/models/digits/1/model.onnx";

// On which nothing has room.
struct FullPipeline final : Pipeline {
  const char* name() const override { return "full"; }
  std::string target() const override { return "full"; }
  std::string numerics_profile() const override { return "full"; }
  absl::StatusOr<std::unique_ptr<PreparedModel>> Prepare(std::shared_ptr<const Model>) override {
    return absl::InvalidArgumentError("layer 'gru' doesn't fit the board");
  }
  void Start(const Run&) override {}
  bool Poll(RunResult*) override { return true; }
};

class LoaderTest : public ::testing::Test {
 protected:
  LoaderTest() {
    std::string pattern = ::testing::TempDir() + "/loaderXXXXXX";
    root_ = mkdtemp(pattern.data());
    Add("1");
  }
  ~LoaderTest() override { fs::remove_all(root_); }

  void Add(const std::string& version) {
    fs::create_directories(root_ / "m" / version);
    fs::copy_file(kModel, root_ / "m" / version / "model.onnx");
  }
  void Configure(const std::string& text) { std::ofstream(root_ / "m/config.pbtxt") << text; }
  void Parameter(const std::string& key, const std::string& value) {
    Configure("parameters { key: \"" + key + "\" value { string_value: \"" + value + "\" } }");
  }
  Loader Make(int64_t objective_ns = 1'000'000) {
    return Loader(*ModelRepository::Open(root_), pipeline_, nullptr, metrics_, objective_ns);
  }

  fs::path root_;
  CpuPipeline pipeline_;
  Metrics metrics_;
};

TEST_F(LoaderTest, AModelIsPreparedAndCounted) {
  const auto models = Make().Load("m", "");
  ASSERT_TRUE(models.ok()) << models.status();
  EXPECT_EQ(models->at(0)->model->version, "1");
  EXPECT_GT(models->at(0)->prepared->step_ns(), 0);
  EXPECT_EQ(models->at(0)->metrics, metrics_.Models().at(0));
}

TEST_F(LoaderTest, AllThatThePolicyChoosesOrNothing) {
  Add("2");
  Configure("version_policy { all { } }");
  EXPECT_EQ(Make().Load("m", "")->size(), 2u);
  EXPECT_EQ(Make().Load("m", "1")->size(), 1u);
  std::ofstream(root_ / "m/1/model.onnx") << "no model";
  EXPECT_THAT(Make().Load("m", "").status().message(), AllOf(HasSubstr("m/1/model.onnx"), HasSubstr("no ONNX model")));
  EXPECT_TRUE(Make().Load("m", "2").ok());
}

TEST_F(LoaderTest, WhatCanNotBeServedLeavesNoMetrics) {
  FullPipeline full;
  const Loader loader(*ModelRepository::Open(root_), pipeline_, &full, metrics_, 1'000'000);
  EXPECT_THAT(loader.Load("m", "").status().message(), HasSubstr("doesn't fit the board"));
  EXPECT_THAT(loader.LoadAll().status().message(), HasSubstr("doesn't fit the board"));
  EXPECT_TRUE(metrics_.Models().empty());
  Add("2");
  Configure("version_policy { all { } }");
  std::ofstream(root_ / "m/1/model.onnx") << "no model";
  EXPECT_FALSE(Make().LoadAll().ok());
  EXPECT_TRUE(metrics_.Models().empty());
}

TEST_F(LoaderTest, AModelsOwnLatencyObjectiveIsTheEdgeOfItsHistograms) {
  Parameter("latency_objective_us", "250");
  EXPECT_EQ(Make().Load("m", "")->at(0)->metrics->chunk.exact_edge_ns(), 250'000);
}

TEST_F(LoaderTest, HistogramsKeepTheObjectiveThatTheyBeganWithBecauseCountersNeverGoBack) {
  const auto before = Make().Load("m", "")->at(0)->metrics;
  Parameter("latency_objective_us", "250");
  const auto models = Make().Load("m", "");
  EXPECT_EQ(models->at(0)->metrics, before);
  EXPECT_EQ(before->chunk.exact_edge_ns(), 1'000'000);
}

}  // namespace
}  // namespace recurd
