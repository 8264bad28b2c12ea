#include "server/pipeline/xrt/xrt_pipeline.h"

#include <array>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/pipeline/sim/sim_pipeline.h"
#include "tests/unit/pipeline/sequence.h"
#include "tests/unit/pipeline/xrt/virtual_board.h"

namespace recurd {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr emu::LayerShape kGruAfter = {32, 8, hw::LaneCell::kGruAfter};
constexpr emu::LayerShape kGruBefore = {32, 8, hw::LaneCell::kGruBefore};
constexpr int kSteps = Sequence::kSteps;

// Layers with operators of the processor before and behind them.
Model Stack(int input, const std::vector<std::pair<LayerKind, int>>& layers) {
  RandomModelBuilder builder(input);
  builder.AddDense(input);
  for (const auto& [kind, hidden] : layers) builder.AddLayer(kind, hidden);
  builder.AddDense(3);
  builder.AddOutput("y", builder.last());
  return std::move(builder.model());
}
Model OneGru(int seed_of_size = 0) { return Stack(6, {{LayerKind::kGruResetAfter, 20 + seed_of_size}}); }

uint32_t SimCrc(const std::string& mapping, const Model& model, uint64_t seed = 77) {
  const auto sim = SimPipeline::Make(mapping, false, "").value();
  Sequence first(*sim, model), sequence(first, seed);
  sequence.RunAll([] { return kSteps; });
  return sequence.Crc();
}

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

// A board's device whose processor forgets one of its instructions.
enum class Forgotten { kRelease, kAcquire, kClean, kInvalidate };
class Forgetful final : public board::Device, private board::Barrier {
 public:
  Forgetful(std::unique_ptr<board::Device> device, Forgotten forgotten)
      : device_(std::move(device)), forgotten_(forgotten) {}

  bool Read(uint32_t offset, uint32_t* value) override { return device_->Read(offset, value); }
  bool Write(uint32_t offset, uint32_t value) override { return device_->Write(offset, value); }
  const Barrier& barrier() const override { return *this; }
  std::string name() const override { return device_->name(); }
  absl::Status ReloadArray() override { return device_->ReloadArray(); }
  absl::Status RunGraph() override { return device_->RunGraph(); }
  absl::Status UpdateParameter(const std::string& port, const void* value, size_t bytes) override {
    return device_->UpdateParameter(port, value, bytes);
  }
  absl::StatusOr<std::unique_ptr<board::Buffer>> Allocate(size_t bytes, board::Caching caching) override {
    return device_->Allocate(bytes, caching);
  }
  absl::Status StartMovers(board::Buffer& input, board::Buffer& result) override {
    return device_->StartMovers(input, result);
  }

 private:
  void Release() const override {
    if (forgotten_ != Forgotten::kRelease) device_->barrier().Release();
  }
  void Acquire() const override {
    if (forgotten_ != Forgotten::kAcquire) device_->barrier().Acquire();
  }
  void Clean(const void* begin, size_t bytes) const override {
    if (forgotten_ != Forgotten::kClean) device_->barrier().Clean(begin, bytes);
  }
  void Invalidate(const void* begin, size_t bytes) const override {
    if (forgotten_ != Forgotten::kInvalidate) device_->barrier().Invalidate(begin, bytes);
  }

  const std::unique_ptr<board::Device> device_;
  const Forgotten forgotten_;
};

TEST_F(XrtPipelineTest, ABarrierThatIsMissingShows) {
  using enum Forgotten;
  for (const auto& [forgotten, caching, works] : {std::tuple{kRelease, board::Caching::kUncached, false},
                                                  {kAcquire, board::Caching::kUncached, false},
                                                  {kClean, board::Caching::kUncached, true},
                                                  {kClean, board::Caching::kCacheable, false},
                                                  {kInvalidate, board::Caching::kCacheable, false}}) {
    PowerCycle();
    const std::string xclbin = WriteXclbins(*emu::FindPlacement(hw::kMappingLanes, kGruAfter));
    auto device = board::OpenDevice({.xclbin = xclbin}).value();
    const auto pipeline = XrtPipeline::Make(std::make_unique<Forgetful>(std::move(device), forgotten), "auto", clock_,
                                            {.caching = caching});
    EXPECT_EQ(pipeline.ok(), works) << static_cast<int>(forgotten) << " " << pipeline.status();
  }
}

// Faults: see README.md of the virtual board.
struct FaultCase {
  const char* name;
  const char* switches;
  std::vector<Fault> faults;  // one of them
};

TEST_F(XrtPipelineTest, AFaultIsToldTheStateIsUntouchedAndTheRunCanBeRepeated) {
  const FaultCase cases[] = {{"hang", "hang@1", {Fault::kHang}},
                             {"early", "early:1000000@1", {Fault::kStale, Fault::kHalfWritten}},
                             {"stale", "stale@1", {Fault::kStale, Fault::kHalfWritten}},
                             {"doubled", "doubled@1", {Fault::kStale}},
                             {"half", "half@1", {Fault::kHalfWritten, Fault::kStale}},
                             {"torn", "torn@1", {Fault::kCorrupt}},
                             {"corrupt", "corrupt@1", {Fault::kCorrupt}},
                             {"refuse", "refuse:1@1", {Fault::kRefused}}};
  Open(hw::kMappingLanes, kGruAfter);
  const uint32_t expected = SimCrc("lanes", OneGru());
  for (const FaultCase& each : cases) {
    Sequence session(*pipeline_, OneGru());
    session.RunSteps(9, OutputSelection::Every());
    const std::vector<float> state = session.state_;
    ASSERT_EQ(hooks_.set_faults(each.switches), 0);
    const RunResult result = session.TryRun(5);
    EXPECT_EQ(result.outcome, RunResult::Outcome::kFault) << each.name;
    EXPECT_THAT(each.faults, testing::Contains(result.fault)) << each.name;
    EXPECT_EQ(session.state_, state);
    session.RunAll([] { return 5; });
    EXPECT_EQ(session.Crc(), expected) << each.name;
  }
}

TEST_F(XrtPipelineTest, AfterAFaultEverySessionGoesOnWithItsOwnState) {
  Open(hw::kMappingLanes, kGruAfter);
  Sequence first(*pipeline_, OneGru()), other(first, 5);
  other.RunSteps(10, OutputSelection::Every());
  hooks_.set_faults("corrupt@1");
  EXPECT_EQ(first.TryRun(3).outcome, RunResult::Outcome::kFault);
  other.RunAll([] { return 4; });
  first.RunAll([] { return 4; });
  EXPECT_EQ(first.Crc(), SimCrc("lanes", OneGru()));
  EXPECT_EQ(other.Crc(), SimCrc("lanes", OneGru(), 5));
}

TEST_F(XrtPipelineTest, AFaultWithAReloadLoadsAgain) {
  Sequence session(Open(hw::kMappingLanes, kGruAfter), OneGru());
  hooks_.set_faults("corrupt@1");
  EXPECT_EQ(session.TryRun(3).outcome, RunResult::Outcome::kFault);
  session.RunAll([] { return 4; });
  EXPECT_EQ(session.Crc(), SimCrc("lanes", OneGru()));
}

TEST_F(XrtPipelineTest, WeightsThatCouldNotBeWrittenSpoilNobodyElses) {
  Open(hw::kMappingLanes, kGruAfter);
  const int sets = pipeline_->board().identity().weight_sets;
  std::vector<std::unique_ptr<Sequence>> sessions;
  for (int i = 0; i <= sets; ++i) sessions.push_back(std::make_unique<Sequence>(*pipeline_, OneGru(i % 12)));
  for (int i = 0; i < sets; ++i) sessions[i]->RunSteps(4, OutputSelection::Every());
  hooks_.set_faults("update@7");
  const RunResult refused = sessions[sets]->TryRun(3);
  EXPECT_EQ(refused.outcome, RunResult::Outcome::kFault);
  EXPECT_EQ(refused.fault, Fault::kDevice);
  for (int i = 0; i <= sets; ++i) {
    sessions[i]->RunAll([] { return 4; });
    EXPECT_EQ(sessions[i]->Crc(), SimCrc("lanes", OneGru(i % 12))) << i;
  }
}

TEST_F(XrtPipelineTest, ABoardThatAnswersNoMoreIsLostAndARepairBringsItBack) {
  Sequence session(Open(hw::kMappingLanes, kGruAfter), OneGru());
  session.RunSteps(9, OutputSelection::Every());
  hooks_.set_faults("stuck@1");
  EXPECT_EQ(session.TryRun(5).outcome, RunResult::Outcome::kLost);
  EXPECT_EQ(session.TryRun(5).outcome, RunResult::Outcome::kLost);
  ASSERT_TRUE(pipeline_->Repair().ok());
  session.RunAll([] { return 5; });
  EXPECT_EQ(session.Crc(), SimCrc("lanes", OneGru()));
}

TEST_F(XrtPipelineTest, ARepairFailsWhereTheBoardIsGone) {
  Sequence session(Open(hw::kMappingLanes, kGruAfter), OneGru());
  hooks_.set_faults("lost@1");
  EXPECT_EQ(session.TryRun(5).outcome, RunResult::Outcome::kLost);
  const absl::Status status = pipeline_->Repair();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
}

TEST_F(XrtPipelineTest, ADirtyBoardIsCleanedBeforeAnythingElse) {
  hooks_.set_faults("dirty");
  Sequence session(Open(hw::kMappingLanes, kGruAfter), OneGru());
  session.RunAll([] { return 5; });
  EXPECT_EQ(session.Crc(), SimCrc("lanes", OneGru()));
}

TEST_F(XrtPipelineTest, TheNextPipelineCleansWhatThisOneLeavesRunning) {
  Open(hw::kMappingLanes, kGruAfter);
  Sequence session(Open(hw::kMappingLanes, kGruAfter), OneGru());
  session.RunAll([] { return 5; });
  EXPECT_EQ(session.Crc(), SimCrc("lanes", OneGru()));
}

TEST_F(XrtPipelineTest, ADirtyBoardWithoutAnXclbinOfTheArrayIsAnErrorThatNamesIt) {
  hooks_.set_faults("dirty");
  const emu::Placement& placement = *emu::FindPlacement(hw::kMappingLanes, kGruAfter);
  const absl::Status status = TryOpen(WriteXclbin("design.xclbin", placement, virtual_board::XclbinKind::kFull));
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr("--aie_xclbin"), HasSubstr("aie_only.xclbin")));
}

TEST_F(XrtPipelineTest, AnotherDesignIsRefusedNamingBoth) {
  const emu::Placement& placement = *emu::FindPlacement(hw::kMappingLanes, kGruAfter);
  const std::string xclbin = WriteXclbins(placement);
  struct Case {
    const char* fault;
    std::vector<const char*> says;
  };
  for (const Case& each : {Case{"magic", {"MAGIC", "0x52435244"}},
                           {"foreign", {"MAGIC", "0x00000000"}},
                           {"abi", {"ABI", "1.0"}},
                           {"geometry", {"GEOMETRY", "weight sets"}},
                           {"numerics", {"NUMERICS"}}}) {
    PowerCycle();
    hooks_.set_faults(each.fault);
    const absl::Status status = TryOpen(xclbin);
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
    for (const char* part : each.says) EXPECT_THAT(std::string(status.message()), HasSubstr(part)) << each.fault;
  }
}

TEST_F(XrtPipelineTest, AnotherBuildThanTheXclbinsIsRefusedNamingBoth) {
  const std::string xclbin = WriteXclbins(*emu::FindPlacement(hw::kMappingLanes, kGruAfter));
  std::ofstream(folder_ / "build_id") << "0x00000007\n";
  EXPECT_TRUE(TryOpen(xclbin).ok());
  pipeline_.reset();
  PowerCycle();
  hooks_.set_faults("build");
  const absl::Status status = TryOpen(xclbin);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("0x00000007"));
}

TEST_F(XrtPipelineTest, AnXclbinThatIsNoneOrNotThereIsNamed) {
  EXPECT_EQ(TryOpen("").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(TryOpen("/nowhere/a.xclbin").message()), HasSubstr("--xclbin=/nowhere/a.xclbin"));
  const std::string text = (folder_ / "text.xclbin").string();
  std::ofstream(text) << "hello, I am no xclbin";
  EXPECT_THAT(std::string(TryOpen(text).message()), AllOf(HasSubstr(text), HasSubstr("no xclbin")));
}

TEST_F(XrtPipelineTest, ALayerThatDoesNotFitIsRefusedWithTheReasonAndTheWayOut) {
  Open(hw::kMappingLanes, kGruAfter);
  const auto why_not = [&](const Model& model) {
    const absl::Status status = pipeline_->Prepare(std::make_shared<const Model>(model)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr("'layer'"), HasSubstr("--pipeline=cpu")));
    return std::string(status.message());
  };
  EXPECT_THAT(why_not(Stack(6, {{LayerKind::kGruResetAfter, 40}})),
              AllOf(HasSubstr("40 units"), HasSubstr("32 units with 8 inputs")));
  EXPECT_THAT(why_not(Stack(6, {{LayerKind::kGruResetBefore, 20}})), HasSubstr("other form of reset"));
  EXPECT_THAT(why_not(Stack(6, {{LayerKind::kRnn, 20}})), HasSubstr("plain RNN"));
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
