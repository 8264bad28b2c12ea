// What every pipeline has to do alike, whatever computes its steps.
#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/model/repository.h"
#include "tests/conformance/subject.h"
#include "tests/integration/digits.h"
#include "tests/unit/pipeline/sequence.h"

namespace recurd {
namespace {

constexpr int kSteps = Sequence::kSteps;

struct ShippedModel {
  const char* name;
  hw::LaneCell cell;
};
constexpr ShippedModel kShipped[] = {{"digits", hw::LaneCell::kGruAfter},
                                     {"digits_reset_before", hw::LaneCell::kGruBefore}};

Model Shipped(const std::string& name) {
  static const auto& models = *new std::vector(LoadRepository(RECURD_SOURCE_DIR "/deploy/models").value());
  const auto found = std::find_if(models.begin(), models.end(), [&](const auto& model) { return model->name == name; });
  return **found;
}

// A GRU and a head; `hidden` tells models apart.
Model Small(int hidden) {
  RandomModelBuilder builder(6);
  builder.AddLayer(LayerKind::kGruResetAfter, hidden);
  builder.AddDense(3);
  builder.AddOutput("y", builder.last());
  return std::move(builder.model());
}

std::vector<SubjectCase> AllSubjects() {
  std::vector<SubjectCase> all = PlainSubjects();
  for (const SubjectCase& each : BoardSubjects()) all.push_back(each);
  return all;
}

class ConformanceTest : public testing::TestWithParam<SubjectCase> {
 protected:
  Pipeline& Make(hw::LaneCell cell = hw::LaneCell::kGruAfter) { return subject_->Make(cell); }
  static uint32_t Alone(Pipeline& pipeline, int hidden, uint64_t seed) {
    Sequence first(pipeline, Small(hidden)), sequence(first, seed);
    sequence.RunAll([] { return kSteps; });
    return sequence.Crc();
  }

  const std::unique_ptr<Subject> subject_ = GetParam().make();
};

INSTANTIATE_TEST_SUITE_P(Pipelines, ConformanceTest, testing::ValuesIn(AllSubjects()),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_P(ConformanceTest, TheShippedModelsGiveTorchsOutputs) {
  for (const ShippedModel& shipped : kShipped) {
    const Digits digits = LoadDigits(shipped.name);
    Sequence first(Make(shipped.cell), Shipped(shipped.name));
    double worst = 0;
    for (size_t digit = 0; digit < 20; ++digit) {
      Sequence session(first, 1);
      session.inputs_.clear();
      for (const auto& row : digits.sequences[digit].rows) {
        session.inputs_.insert(session.inputs_.end(), row.begin(), row.end());
      }
      session.RunSteps(8, OutputSelection::Every());
      for (size_t i = 0; i < session.outputs_.size(); ++i) {
        worst = std::max<double>(worst, std::fabs(session.outputs_[i] - digits.golden[digit][i / 10][i % 10]));
      }
    }
    EXPECT_LE(worst, GetParam().bound) << shipped.name;
  }
}

TEST_P(ConformanceTest, EveryCutIntoChunksGivesTheSameBits) {
  Pipeline& pipeline = Make();
  const uint32_t whole = Alone(pipeline, 20, 3);
  Sequence first(pipeline, Small(20));
  RandomFloats random(9);
  for (int cut = 0; cut < 4; ++cut) {
    Sequence sequence(first, 3);
    sequence.RunAll([&] { return cut == 0 ? 1 : 1 + random.NextInt(7); });
    EXPECT_EQ(sequence.Crc(), whole);
  }
}

TEST_P(ConformanceTest, OnlyTheWantedStepsLeaveAnOutput) {
  Pipeline& pipeline = Make();
  Sequence all(pipeline, Small(20)), some(all, 77), none(all, 77);
  all.RunSteps(kSteps, OutputSelection::Every());
  some.RunSteps(kSteps, {2, 5});
  none.RunSteps(kSteps, OutputSelection::None(kSteps));
  EXPECT_TRUE(none.outputs_.empty());
  EXPECT_EQ(none.state_, all.state_);
  std::vector<float> expected;
  for (int step = 2; step < kSteps; step += 5) {
    expected.insert(expected.end(), &all.outputs_[step * 3], &all.outputs_[step * 3] + 3);
  }
  EXPECT_EQ(some.outputs_, expected);
}

TEST_P(ConformanceTest, MoreSessionsThanSlotsEachKeepTheirState) {
  Pipeline& pipeline = Make();
  Sequence first(pipeline, Small(20));
  std::vector<std::unique_ptr<Sequence>> sessions;
  for (int i = 0; i < hw::kStateSlots + 3; ++i) sessions.push_back(std::make_unique<Sequence>(first, 10 + i));
  for (int step = 0; step < kSteps; ++step) {
    for (auto& session : sessions) session->RunSteps(1, OutputSelection::Every());
  }
  for (size_t i = 0; i < sessions.size(); ++i) EXPECT_EQ(sessions[i]->Crc(), Alone(pipeline, 20, 10 + i)) << i;
}

TEST_P(ConformanceTest, MoreModelsThanWeightSetsEachKeepTheirWeights) {
  constexpr int kModels = 17;  // a design has 15 weight sets at most
  Pipeline& pipeline = Make();
  std::vector<std::unique_ptr<Sequence>> sessions;
  for (int i = 0; i < kModels; ++i) sessions.push_back(std::make_unique<Sequence>(pipeline, Small(8 + i)));
  while (sessions[0]->done_ < kSteps) {
    for (auto& session : sessions) session->RunSteps(std::min(6, kSteps - session->done_), OutputSelection::Every());
  }
  std::set<uint32_t> different;
  for (int i = 0; i < kModels; ++i) {
    EXPECT_EQ(sessions[i]->Crc(), Alone(pipeline, 8 + i, 77)) << i;
    different.insert(sessions[i]->Crc());
  }
  EXPECT_EQ(different.size(), static_cast<size_t>(kModels));
}

TEST_P(ConformanceTest, AFailedRunChangesNothingAndCanBeRepeated) {
  Pipeline& pipeline = Make();
  const uint32_t expected = Alone(pipeline, 20, 77);
  Sequence session(pipeline, Small(20)), bystander(session, 5);
  for (Sequence* each : {&session, &bystander}) each->RunSteps(9, OutputSelection::Every());
  const std::vector<float> state = session.state_;
  if (!subject_->FailNextRun()) GTEST_SKIP() << "nothing makes it fail";
  EXPECT_EQ(session.TryRun(4).outcome, RunResult::Outcome::kFault);
  EXPECT_EQ(session.state_, state);
  for (Sequence* each : {&session, &bystander}) each->RunAll([] { return 4; });
  EXPECT_EQ(session.Crc(), expected);
  EXPECT_EQ(bystander.Crc(), Alone(pipeline, 20, 5));
}

TEST(ConformanceOfAllTest, EqualNumericsProfilesGiveEqualBits) {
  for (const ShippedModel& shipped : kShipped) {
    std::map<std::string, std::map<uint32_t, std::vector<std::string>>> crcs;
    for (const SubjectCase& each : AllSubjects()) {
      const auto subject = each.make();
      Sequence sequence(subject->Make(shipped.cell), Shipped(shipped.name));
      sequence.RunAll([] { return 5; });
      crcs[sequence.prepared_->numerics_profile()][sequence.Crc()].push_back(each.name);
    }
    EXPECT_GT(crcs.size(), 2u);
    for (const auto& [profile, by_crc] : crcs) {
      EXPECT_EQ(by_crc.size(), 1u) << profile << ": " << testing::PrintToString(by_crc);
    }
  }
}

}  // namespace
}  // namespace recurd
