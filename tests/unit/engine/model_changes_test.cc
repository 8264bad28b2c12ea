#include "server/engine/model_changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/unit/engine/engine_fixture.h"

namespace recurd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Kind = ModelChanges::Request::Kind;

// Both threads are the test's own: nothing happens but by Work (admin) and serving_.Drain.
class ModelChangesTest : public EngineFixture {
 protected:
  std::shared_ptr<ServedModel> Make(const std::string& version, const std::string& fingerprint) {
    auto model = std::make_shared<Model>(*FakePipeline::MakeModel());
    model->version = version;
    model->fingerprint = fingerprint;
    auto served = std::make_shared<ServedModel>();
    served->model = model;
    served->prepared = *pipeline_.Prepare(served->model);
    served->metrics = served_->metrics;
    return served;
  }
  // What the repository holds of "adder": versions and their fingerprints.
  absl::StatusOr<ModelChanges::Models> Load(const std::string& name, const std::string& version) {
    loads_.push_back(name + "/" + version);
    ModelChanges::Models models;
    for (auto it = files_.rbegin(); it != files_.rend(); ++it) {
      if (it->second == "broken") return absl::InvalidArgumentError("model.onnx is broken");
      if (version.empty() || it->first == version) models.push_back(Make(it->first, it->second));
    }
    if (models.empty()) return absl::NotFoundError("no such file");
    return models;
  }
  void Ask(Kind kind, const std::string& version = "", const std::string& name = "adder") {
    changes_.Ask({kind, name, version},
                 [this](const absl::StatusOr<ModelChange>& change) { answers_.push_back(change); });
  }
  // All that waits.
  void Settle() {
    while (changes_.Work()) {
    }
    serving_.Drain();
    changes_.Work();
  }
  std::vector<std::string> Versions() {
    std::vector<std::string> versions;
    for (const auto& m : engine_.catalog().models()) versions.push_back(m->model->version);
    return versions;
  }

  std::map<std::string, std::string> files_ = {{"1", "00000000000000aa"}};
  std::vector<std::string> loads_;
  std::vector<absl::StatusOr<ModelChange>> answers_;
  std::vector<std::vector<std::string>> watched_;
  Mailbox serving_{[] {}};
  ModelChanges changes_{engine_, serving_, [] {},
                        [this](const std::string& name, const std::string& version) { return Load(name, version); },
                        [this](const std::vector<ModelSummary>& models) {
                          watched_.emplace_back();
                          for (const auto& m : models) watched_.back().push_back(m.version + m.fingerprint);
                        }};
};

TEST_F(ModelChangesTest, NothingIsServedBeforeTheServingThreadSwitches) {
  files_["2"] = "bb";
  Ask(Kind::kLoad, "2");
  EXPECT_THAT(loads_, IsEmpty());
  EXPECT_FALSE(changes_.Work());
  EXPECT_THAT(loads_, ElementsAre("adder/2"));
  EXPECT_THAT(Versions(), ElementsAre("1"));
  EXPECT_THAT(answers_, IsEmpty());
  serving_.Drain();
  EXPECT_THAT(Versions(), ElementsAre("1", "2"));
  EXPECT_THAT(answers_.at(0)->versions, ElementsAre("2"));
  changes_.Work();
  EXPECT_THAT(watched_, ElementsAre(ElementsAre("100000000000000aa", "2bb")));
}

TEST_F(ModelChangesTest, WithoutAVersionThoseThatThePolicyChoosesAreAllThatIsServed) {
  FakeClient client;
  Open(client);
  files_ = {{"2", "bb"}, {"3", "cc"}};
  Ask(Kind::kLoad);
  Settle();
  EXPECT_THAT(answers_.at(0)->versions, ElementsAre("3", "2"));
  EXPECT_EQ(answers_.at(0)->sessions, 1);
  EXPECT_THAT(Versions(), ElementsAre("3", "2"));
}

TEST_F(ModelChangesTest, ALoadThatFailsChangesNothingAndSaysWhy) {
  files_ = {{"1", "bb"}, {"2", "broken"}};
  Ask(Kind::kLoad);
  Settle();
  EXPECT_THAT(answers_.at(0).status().message(), HasSubstr("model.onnx is broken"));
  EXPECT_THAT(Versions(), ElementsAre("1"));
  EXPECT_EQ(engine_.catalog().Find("adder", "1"), served_);
  EXPECT_THAT(watched_, IsEmpty());
}

TEST_F(ModelChangesTest, UnloadsAVersionOrAllAndNothingThatIsNotServed) {
  files_ = {{"2", "bb"}, {"3", "cc"}};
  Ask(Kind::kLoad, "2");
  Ask(Kind::kLoad, "3");
  Ask(Kind::kUnload, "2");
  Ask(Kind::kUnload, "9");
  Settle();
  EXPECT_THAT(Versions(), ElementsAre("1", "3"));
  EXPECT_EQ(answers_.at(3).status().code(), absl::StatusCode::kNotFound);
  Ask(Kind::kUnload);
  Ask(Kind::kUnload, "", "nobody");
  Settle();
  EXPECT_THAT(Versions(), IsEmpty());
  EXPECT_THAT(answers_.at(4)->versions, ElementsAre("1", "3"));
  EXPECT_EQ(answers_.at(5).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(ModelChangesTest, DoesOneAtATimeInTheirOrder) {
  files_["2"] = "bb";
  Ask(Kind::kLoad, "2");
  Ask(Kind::kUnload, "2");
  Ask(Kind::kLoad, "2");
  EXPECT_TRUE(changes_.Work());
  EXPECT_EQ(loads_.size(), 1u);
  Settle();
  EXPECT_THAT(Versions(), ElementsAre("1", "2"));
  EXPECT_EQ(answers_.size(), 3u);
}

TEST_F(ModelChangesTest, RefusesOneTooMany) {
  for (size_t i = 0; i <= ModelChanges::kMaxWaiting; ++i) Ask(Kind::kLoad);
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_EQ(answers_[0].status().code(), absl::StatusCode::kResourceExhausted);
  Settle();
  EXPECT_EQ(answers_.size(), ModelChanges::kMaxWaiting + 1);
  Ask(Kind::kLoad);
  Settle();
  EXPECT_TRUE(answers_.back().ok());
}

TEST_F(ModelChangesTest, ADrainAnswersThoseThatWaitAndTheyChangeNothing) {
  files_["2"] = "bb";
  Ask(Kind::kLoad, "2");
  Ask(Kind::kUnload);
  changes_.Work();
  engine_.Drain();
  changes_.Drain();
  EXPECT_EQ(answers_.size(), 2u);
  Settle();
  EXPECT_THAT(Versions(), ElementsAre("1"));
  Ask(Kind::kLoad);
  ASSERT_EQ(answers_.size(), 3u);
  for (const auto& answer : answers_) EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(ModelChangesTest, WhatIsReplacedIsFreedByTheServingThread) {
  files_["2"] = "bb";
  Ask(Kind::kLoad, "2");
  Settle();
  const std::weak_ptr<ServedModel> model = engine_.catalog().Find("adder", "2");
  files_["2"] = "cc";
  Ask(Kind::kLoad, "2");
  changes_.Work();
  EXPECT_FALSE(model.expired());
  serving_.Drain();
  EXPECT_TRUE(model.expired());
}

}  // namespace
}  // namespace recurd
