// What goes wrong on a board, and what comes of it.
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/pipeline/xrt/xrt_pipeline.h"
#include "tests/unit/pipeline/xrt/sim_bits.h"
#include "tests/unit/pipeline/xrt/virtual_board.h"

namespace recurd {
namespace {

using XrtFaultTest = VirtualBoardTest;

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

TEST_F(XrtFaultTest, ABarrierThatIsMissingShows) {
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

TEST_F(XrtFaultTest, AFaultIsToldTheStateIsUntouchedAndTheRunCanBeRepeated) {
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

TEST_F(XrtFaultTest, AfterAFaultEverySessionGoesOnWithItsOwnState) {
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

TEST_F(XrtFaultTest, AFaultWithAReloadLoadsAgain) {
  Sequence session(Open(hw::kMappingLanes, kGruAfter), OneGru());
  hooks_.set_faults("corrupt@1");
  EXPECT_EQ(session.TryRun(3).outcome, RunResult::Outcome::kFault);
  session.RunAll([] { return 4; });
  EXPECT_EQ(session.Crc(), SimCrc("lanes", OneGru()));
}

TEST_F(XrtFaultTest, WeightsThatCouldNotBeWrittenSpoilNobodyElses) {
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

TEST_F(XrtFaultTest, ABoardThatAnswersNoMoreIsLostAndARepairBringsItBack) {
  Sequence session(Open(hw::kMappingLanes, kGruAfter), OneGru());
  session.RunSteps(9, OutputSelection::Every());
  hooks_.set_faults("stuck@1");
  EXPECT_EQ(session.TryRun(5).outcome, RunResult::Outcome::kLost);
  EXPECT_EQ(session.TryRun(5).outcome, RunResult::Outcome::kLost);
  ASSERT_TRUE(pipeline_->Repair().ok());
  session.RunAll([] { return 5; });
  EXPECT_EQ(session.Crc(), SimCrc("lanes", OneGru()));
}

TEST_F(XrtFaultTest, ARepairFailsWhereTheBoardIsGone) {
  Sequence session(Open(hw::kMappingLanes, kGruAfter), OneGru());
  hooks_.set_faults("lost@1");
  EXPECT_EQ(session.TryRun(5).outcome, RunResult::Outcome::kLost);
  const absl::Status status = pipeline_->Repair();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
}

TEST_F(XrtFaultTest, ADirtyBoardIsCleanedBeforeAnythingElse) {
  hooks_.set_faults("dirty");
  Sequence session(Open(hw::kMappingLanes, kGruAfter), OneGru());
  session.RunAll([] { return 5; });
  EXPECT_EQ(session.Crc(), SimCrc("lanes", OneGru()));
}

TEST_F(XrtFaultTest, TheNextPipelineCleansWhatThisOneLeavesRunning) {
  Open(hw::kMappingLanes, kGruAfter);
  Sequence session(Open(hw::kMappingLanes, kGruAfter), OneGru());
  session.RunAll([] { return 5; });
  EXPECT_EQ(session.Crc(), SimCrc("lanes", OneGru()));
}

}  // namespace
}  // namespace recurd
