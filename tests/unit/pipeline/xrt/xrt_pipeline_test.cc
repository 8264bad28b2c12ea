#include "server/pipeline/xrt/xrt_pipeline.h"

#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/pipeline/xrt/sim_bits.h"
#include "tests/unit/pipeline/xrt/virtual_board.h"

namespace recurd {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class XrtPipelineTest : public VirtualBoardTest {
 protected:
  // Every step alone, so that all of them switch.
  static void Interleave(std::vector<std::unique_ptr<Sequence>>& sessions) {
    for (int step = 0; step < kSteps; ++step) {
      for (auto& session : sessions) session->RunSteps(1, OutputSelection::Every());
    }
  }
};

TEST_F(XrtPipelineTest, OutputsAreSimsBitsForEachMapping) {
  for (const auto& [mapping, name] : {std::pair{hw::kMappingLanes, "lanes"},
                                      {hw::kMappingLanesExact, "lanes_exact"},
                                      {hw::kMappingHybrid, "hybrid"},
                                      {hw::kMappingCascade, "cascade"},
                                      {hw::kMappingAie, "aie"}}) {
    PowerCycle();
    Sequence board(Open(mapping, kGruAfter), OneGru());
    board.RunAll([] { return 5; });
    EXPECT_EQ(board.Crc(), SimCrc(name, OneGru())) << name;
    EXPECT_EQ(board.prepared_->placement()->mapping, name);
  }
}

TEST_F(XrtPipelineTest, BothPlacesOfTheResetAndLstmsHaveDesignsOfTheirOwn) {
  for (const auto& [kind, cell] : {std::pair{LayerKind::kGruResetBefore, hw::LaneCell::kGruBefore},
                                   {LayerKind::kGruResetAfter, hw::LaneCell::kGruAfter},
                                   {LayerKind::kLstm, hw::LaneCell::kLstm}}) {
    PowerCycle();
    const Model model = Stack(6, {{kind, 32}});
    Sequence board(Open(hw::kMappingLanes, {32, 8, cell}), model);
    board.RunAll([] { return 7; });
    EXPECT_EQ(board.Crc(), SimCrc("lanes", model));
  }
}

TEST_F(XrtPipelineTest, AModelGetsTheBitstreamsActivationAndMayAskForNoOther) {
  Open(*emu::FindVariant(ActivationForm::kPolynomial, kGruAfter));
  Model asks = OneGru();
  asks.activation = ActivationForm::kPolynomial;
  for (const Model& model : {asks, OneGru()}) {
    Sequence session(*pipeline_, model);
    session.RunAll([] { return 5; });
    EXPECT_EQ(session.Crc(), SimCrc("lanes", asks));
  }
  asks.activation = ActivationForm::kCordic;
  const absl::Status status = pipeline_->Prepare(std::make_shared<const Model>(asks)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("cordic"), HasSubstr("polynomial"), HasSubstr("--xclbin")));
}

TEST_F(XrtPipelineTest, LayersTakeTurnsOnTheArray) {
  const Model model = Stack(8, {{LayerKind::kGruResetAfter, 20}, {LayerKind::kGruResetAfter, 8}});
  Sequence board(Open(hw::kMappingLanes, {32, 64, hw::LaneCell::kGruAfter}), model);
  board.RunAll([] { return 5; });
  EXPECT_EQ(board.Crc(), SimCrc("lanes", model));
  EXPECT_EQ(pipeline_->weight_loads(), 2u);
}

TEST_F(XrtPipelineTest, EveryCutIntoRunsGivesTheSameBits) {
  Open(hw::kMappingLanes, kGruAfter);
  const uint32_t expected = SimCrc("lanes", OneGru());
  for (int length : {1, 2, 7, kSteps}) {
    Sequence sequence(*pipeline_, OneGru());
    sequence.RunAll([&] { return length; });
    EXPECT_EQ(sequence.Crc(), expected) << length;
  }
}

TEST_F(XrtPipelineTest, ARunLongerThanAJobGoesInPieces) {
  Open(hw::kMappingLanes, kGruAfter);
  const auto model = std::make_shared<const Model>(OneGru());
  const auto sim = SimPipeline::Make("lanes", false, "").value();
  const int steps = 2 * pipeline_->board().job_steps() + 3;
  const std::vector<float> inputs = RandomFloats(5).Vector(static_cast<size_t>(steps) * model->input_size, 2);
  std::array<std::vector<float>, 2> outputs, states;
  for (int i = 0; i < 2; ++i) {
    Pipeline& pipeline = i == 0 ? static_cast<Pipeline&>(*pipeline_) : *sim;
    const auto prepared = pipeline.Prepare(model).value();
    const OutputSelection every_fifth = {2, 5};
    outputs[i].resize(every_fifth.Count(steps) * model->output_size);
    states[i] = model->initial_state;
    std::vector<float> next(model->state_size());
    for (uint64_t key = 1; key < 3; ++key) {  // the second time the array has the state
      pipeline.Start({.model = prepared.get(),
                      .state_key = key,
                      .next_state_key = key + 1,
                      .state = states[i].data(),
                      .next_state = next.data(),
                      .inputs = inputs.data(),
                      .outputs = outputs[i].data(),
                      .steps = steps,
                      .selection = every_fifth});
      RunResult result;
      while (!pipeline.Poll(&result)) {
      }
      EXPECT_EQ(result.outcome, RunResult::Outcome::kOk);
      EXPECT_EQ(result.state_hit, key == 2);
      states[i] = next;
    }
  }
  EXPECT_EQ(outputs[0], outputs[1]);
  EXPECT_EQ(states[0], states[1]);
}

TEST_F(XrtPipelineTest, MoreSessionsThanSlotsEachHaveTheirOwnState) {
  Open(hw::kMappingLanes, kGruAfter);
  Sequence first(*pipeline_, OneGru());
  std::vector<std::unique_ptr<Sequence>> sessions;
  for (int i = 0; i < hw::kStateSlots + 3; ++i) sessions.push_back(std::make_unique<Sequence>(first, 100 + i));
  Interleave(sessions);
  for (size_t i = 0; i < sessions.size(); ++i) {
    EXPECT_EQ(sessions[i]->Crc(), SimCrc("lanes", OneGru(), 100 + i)) << i;
  }
}

TEST_F(XrtPipelineTest, AStateThatTheArrayHoldsIsNotSentAgain) {
  Sequence session(Open(hw::kMappingLanes, kGruAfter), OneGru());
  session.RunSteps(1, OutputSelection::Every());
  EXPECT_FALSE(session.result_.state_hit);
  const ModelledTime& time = session.prepared_->placement()->modelled;
  EXPECT_DOUBLE_EQ(session.result_.modelled_ns, time.switch_ns + time.first_ns);
  session.RunSteps(2, OutputSelection::Every());
  EXPECT_TRUE(session.result_.state_hit);
  EXPECT_DOUBLE_EQ(session.result_.modelled_ns, time.first_ns + time.steady_ns);
}

TEST_F(XrtPipelineTest, MoreModelsThanWeightSetsTakeTurnsWithReloads) {
  Open(hw::kMappingLanes, kGruAfter);
  const int sets = pipeline_->board().identity().weight_sets;
  std::vector<std::unique_ptr<Sequence>> sessions;
  for (int i = 0; i <= sets; ++i) sessions.push_back(std::make_unique<Sequence>(*pipeline_, OneGru(i % 12)));
  Interleave(sessions);
  for (int i = 0; i <= sets; ++i) EXPECT_EQ(sessions[i]->Crc(), SimCrc("lanes", OneGru(i % 12))) << i;
  EXPECT_EQ(pipeline_->weight_loads(), static_cast<uint64_t>((sets + 1) * kSteps));
}

TEST_F(XrtPipelineTest, AsManyModelsAsWeightSetsStay) {
  Open(hw::kMappingLanes, kGruAfter);
  const int sets = pipeline_->board().identity().weight_sets;
  std::vector<std::unique_ptr<Sequence>> sessions;
  for (int i = 0; i < sets; ++i) sessions.push_back(std::make_unique<Sequence>(*pipeline_, OneGru(i % 12)));
  Interleave(sessions);
  EXPECT_EQ(pipeline_->weight_loads(), static_cast<uint64_t>(sets));
}

TEST_F(XrtPipelineTest, AStepMakesNoSystemCall) {
  for (const auto caching : {board::Caching::kUncached, board::Caching::kCacheable}) {
    PowerCycle();
    Sequence session(Open(hw::kMappingLanes, kGruAfter, {.caching = caching}), OneGru());
    session.RunSteps(1, OutputSelection::Every());
    const RecurdBoardCounts before = hooks_.counts();
    for (int step = 1; step < kSteps; ++step) session.RunSteps(1, OutputSelection::Every());
    const RecurdBoardCounts after = hooks_.counts();
    EXPECT_EQ(after.system_calls, before.system_calls);
    EXPECT_EQ(after.jobs - before.jobs, static_cast<uint64_t>(kSteps - 1));
  }
}

TEST_F(XrtPipelineTest, RingsOfEitherKindOfMemoryGiveTheSameBits) {
  const uint32_t expected = SimCrc("lanes", OneGru());
  for (const auto caching : {board::Caching::kUncached, board::Caching::kCacheable}) {
    PowerCycle();
    Sequence session(Open(hw::kMappingLanes, kGruAfter, {.caching = caching}), OneGru());
    session.RunAll([] { return kSteps; });
    EXPECT_EQ(session.Crc(), expected);
  }
}

TEST_F(XrtPipelineTest, AModelWithoutRecurrentLayersNeedsNoBoard) {
  Open(hw::kMappingLanes, kGruAfter);
  Sequence session(*pipeline_, Stack(6, {}));
  session.RunAll([] { return 5; });
  EXPECT_EQ(session.Crc(), SimCrc("lanes", Stack(6, {})));
}

TEST_F(XrtPipelineTest, AnotherMappingThanAskedForIsAnErrorNamingBoth) {
  const std::string xclbin = WriteXclbins(*emu::FindPlacement(hw::kMappingLanes, kGruAfter));
  auto device = board::OpenDevice({.xclbin = xclbin}).value();
  const absl::Status status = XrtPipeline::Make(std::move(device), "hybrid", clock_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr("--mapping=hybrid"), HasSubstr("lanes")));
}

TEST_F(XrtPipelineTest, SaysWhatItRunsOn) {
  Open(hw::kMappingHybrid, kGruBefore);
  EXPECT_THAT(pipeline_->target(),
              AllOf(HasSubstr("vck190"), HasSubstr("hybrid 32x8 gru_before"), HasSubstr("build 0x7")));
  EXPECT_STREQ(pipeline_->name(), "xrt");
  EXPECT_EQ(pipeline_->numerics_profile(), SimPipeline::Make("hybrid", false, "").value()->numerics_profile());
}

}  // namespace
}  // namespace recurd
