// The board through AMD's libxrt_coreutil: opening, xclbins, registers, start order, a job.
#include <semaphore>
#include <thread>

#include "tests/virtual_board/board_fixture.h"

namespace recurd {
namespace virtual_board {
namespace {

using testing::HasSubstr;

TEST_F(BoardTest, AnswersUnderItsName) {
  EXPECT_EQ(device.get_info<xrt::info::device::name>(), "xilinx_vck190_virtual");
}

TEST_F(BoardTest, HasOneDevice) { EXPECT_ANY_THROW(xrt::device(1u)); }

TEST_F(BoardTest, ReadsTheIdentityOfItsDesign) {
  BoardClient& board = Open(Xclbin());
  EXPECT_EQ(board.Read(hw::kRegMagic), hw::kMagic);
  EXPECT_EQ(board.Read(hw::kRegAbi) >> 16, hw::kAbiMajor);
  EXPECT_EQ(board.Read(hw::kRegBuildId), 7u);
  EXPECT_EQ(board.Read(hw::kRegGeometry),
            hw::PackGeometry(kHidden, kInput, Placement().weight_sets, hw::kMappingLanes));
}

TEST_F(BoardTest, RefusesRegistersThatAreUnalignedOrOutside) {
  BoardClient& board = Open(Xclbin());
  EXPECT_ANY_THROW(board.Read(hw::kRegMagic + 1));
  EXPECT_ANY_THROW(board.control.write_register(hw::kRegSubmit + 2, 1));
  EXPECT_ANY_THROW(board.Read(hw::kRegisterBytes));
}

TEST_F(BoardTest, HasTheControlBlockOpenOnce) {
  BoardClient& board = Open(Xclbin());
  EXPECT_ANY_THROW(xrt::ip(device, board.uuid(), "control"));
}

TEST_F(BoardTest, RefusesWhatIsNoXclbin) { EXPECT_ANY_THROW(device.load_xclbin(std::string("/nonexistent.xclbin"))); }

TEST_F(BoardTest, SkipsAnXclbinWithTheSameUuid) {
  std::array<uint8_t, 16> uuid = {1, 2, 3};
  Open(Xclbin(XclbinKind::kFull, uuid, 7));
  client.reset();
  EXPECT_EQ(Open(Xclbin(XclbinKind::kFull, uuid, 8)).Read(hw::kRegBuildId), 7u);
}

TEST_F(BoardTest, RefusesAnotherXclbinWhileOneIsInUse) {
  Open(Xclbin());
  EXPECT_ANY_THROW(device.load_xclbin(Xclbin(XclbinKind::kAie)));
  client.reset();
  EXPECT_NO_THROW(device.load_xclbin(Xclbin(XclbinKind::kAie)));
}

TEST_F(BoardTest, KeepsItsPlDesignUntilThePowerIsCycled) {
  Open(Xclbin(XclbinKind::kFull, {}, 7));
  client.reset();
  EXPECT_EQ(Open(Xclbin(XclbinKind::kFull, {}, 8)).Read(hw::kRegBuildId), 7u);
  client.reset();
  hooks.power_cycle();
  EXPECT_EQ(Open(Xclbin(XclbinKind::kFull, {}, 8)).Read(hw::kRegBuildId), 8u);
}

TEST_F(BoardTest, KeepsItsPlDesignWhenTheArrayIsReloaded) {
  Open(Xclbin(XclbinKind::kFull, {}, 7));
  client.reset();
  device.load_xclbin(Xclbin(XclbinKind::kFull, {}, 8));
  device.load_xclbin(Xclbin(XclbinKind::kAie, {}, 7));
  EXPECT_EQ(Open(Xclbin(XclbinKind::kPl, {}, 8)).Read(hw::kRegBuildId), 7u);
}

TEST_F(BoardTest, HasNothingDoneByTheArrayOfAnotherDesign) {
  Open(Xclbin(XclbinKind::kFull, {}, 7));
  client.reset();
  device.load_xclbin(Xclbin(XclbinKind::kAie, {}, 8));
  Open(Xclbin(XclbinKind::kPl));
  WriteWeights(1);
  client->Start();
  client->Submit(RunJob(1, Random(kInput, 1)));
  EXPECT_FALSE(client->Done(2000));
  EXPECT_FALSE(client->Abort());
}

TEST_F(BoardTest, GoesOnWhereItWasWhenOnlyMetadataIsLoaded) {
  Started().Submit(RunJob(1, Random(kInput, 1)));
  ASSERT_TRUE(client->Done());
  client.reset();
  EXPECT_EQ(Open(Xclbin(XclbinKind::kPl)).Read(hw::kRegDone), 1u);
}

TEST_F(BoardTest, HasNoMagicOfOursOnAForeignDesign) {
  EXPECT_NE(Open(Xclbin(XclbinKind::kForeign)).Read(hw::kRegMagic), hw::kMagic);
}

TEST_F(BoardTest, RefusesMoversBeforeTheGraph) {
  BoardClient& board = Open(Xclbin());
  board.MakeRings();
  EXPECT_ANY_THROW(board.StartMovers());
  board.RunGraph();
  EXPECT_NO_THROW(board.StartMovers());
}

TEST_F(BoardTest, HasMoversThatNeverComplete) {
  BoardClient& board = Started();
  EXPECT_EQ(board.fetch_run.wait(std::chrono::milliseconds(5)), ERT_CMD_STATE_TIMEOUT);
  EXPECT_EQ(board.fetch_run.state(), ERT_CMD_STATE_RUNNING);
}

TEST_F(BoardTest, LeavesASecondStartOfAMoverInTheQueue) {
  BoardClient& board = Started();
  xrt::run again = board.fetch(board.input, 16u);
  EXPECT_EQ(again.state(), ERT_CMD_STATE_QUEUED);
}

TEST_F(BoardTest, WaitsForItsWeights) {
  Open(Xclbin()).Start();
  client->Submit(RunJob(1, Random(kInput, 1)));
  EXPECT_FALSE(client->Done(2000));
  WriteWeights(1);
  EXPECT_TRUE(client->Done());
}

TEST_F(BoardTest, RunsItsGraphOnce) {
  BoardClient& board = Started();
  EXPECT_ANY_THROW(board.graph->run(-1));
}

TEST_F(BoardTest, HasNoGraphOfAnotherName) {
  Open(Xclbin());
  EXPECT_ANY_THROW(xrt::graph(device, client->uuid(), "other"));
}

TEST_F(BoardTest, RefusesAParameterThatIsNoPort) {
  BoardClient& board = Started();
  EXPECT_ANY_THROW(board.graph->update("gru.other[0]", 1.0f));
}

std::string NameOf(const testing::TestParamInfo<hw::Mapping>& mapping) {
  return std::vector<std::string>{"", "hybrid", "aie", "cascade", "lanes", "lanes_exact"}.at(mapping.param);
}

class EveryMapping : public BoardTest, public testing::WithParamInterface<hw::Mapping> {
 protected:
  hw::Mapping mapping() const override { return GetParam(); }
};
INSTANTIATE_TEST_SUITE_P(Mappings, EveryMapping,
                         testing::Values(hw::kMappingHybrid, hw::kMappingAie, hw::kMappingCascade, hw::kMappingLanes,
                                         hw::kMappingLanesExact),
                         NameOf);

TEST_P(EveryMapping, ComputesAJobLikeTheArrayAloneBitForBit) {
  BoardClient& board = Started();
  const std::vector<uint32_t> job = RunJob(41, Random(5 * kInput, 9));
  board.Submit(job);
  ASSERT_TRUE(board.Done());
  hooks.acquire();
  EXPECT_EQ(board.Results(5 * kRecordWords), Records(EmulatedRows(1, job, 5), 41, 0));
}

TEST_F(BoardTest, ComputesAJobInTheWindow) {
  BoardClient& board = Started();
  const std::vector<uint32_t> job = RunJob(42, Random(kInput, 9));
  for (uint32_t i = 0; i < job.size(); ++i) board.control.write_register(hw::kRegWindow + 4 * i, job[i]);
  board.control.write_register(hw::kRegInputOffset, hw::kInWindow);
  board.control.write_register(hw::kRegInputBeats, static_cast<uint32_t>(job.size()) / 4);
  board.control.write_register(hw::kRegSubmit, ++board.submitted);
  ASSERT_TRUE(board.Done());
  hooks.acquire();
  EXPECT_EQ(board.Results(kRecordWords), Records(EmulatedRows(1, job, 1), 42, 0));
}

TEST_P(EveryMapping, MayBeUsedByTwoThreadsInTurns) {
  BoardClient& board = Started();
  constexpr uint32_t kJobs = 20;
  std::binary_semaphore submit(0), submitted(0);
  std::vector<uint32_t> last;
  std::thread other([&] {
    for (uint32_t i = 0; i < kJobs; ++i) {
      submit.acquire();
      board.Submit(RunJob(i, Random(3 * kInput, i)));
      submitted.release();
    }
  });
  for (uint32_t i = 0; i < kJobs; ++i) {
    submit.release();
    submitted.acquire();
    EXPECT_TRUE(board.Done());
    hooks.acquire();
    last = board.Results(3 * kRecordWords);
  }
  other.join();
  std::vector<float> all;
  for (uint32_t i = 0; i < kJobs; ++i) {
    const std::vector<float> x = Random(3 * kInput, i);
    all.insert(all.end(), x.begin(), x.end());
  }
  const std::vector<uint32_t> rows = EmulatedRows(1, RunJob(0, all), 3 * kJobs);
  EXPECT_EQ(last, Records({rows.end() - 3 * kHidden, rows.end()}, kJobs - 1, 0));
}

TEST_F(BoardTest, IsAsNewAfterItsArrayWasReloaded) {
  BoardClient& board = Started();
  board.Submit(RunJob(1, Random(kInput, 9)));
  ASSERT_TRUE(board.Done());
  ASSERT_TRUE(board.Abort());
  client.reset();
  device.load_xclbin(Xclbin(XclbinKind::kAie));
  BoardClient& again = Open(Xclbin(XclbinKind::kPl));
  EXPECT_EQ(again.Read(hw::kRegDone), 0u);
  EXPECT_EQ(again.Read(hw::kRegGeneration), 0u);
  WriteWeights(1);
  again.Start();
  const std::vector<uint32_t> job = RunJob(43, Random(2 * kInput, 9));
  again.Submit(job);
  ASSERT_TRUE(again.Done());
  hooks.acquire();
  EXPECT_EQ(again.Results(2 * kRecordWords), Records(EmulatedRows(1, job, 2), 43, 0));
}

TEST_F(BoardTest, NeedsNewKernelsAfterItsArrayWasReloadedUnderTheSameUuid) {
  std::array<uint8_t, 16> uuid = {1, 2, 3};
  Open(Xclbin(XclbinKind::kFull, uuid));
  client->Start();
  device.load_xclbin(Xclbin(XclbinKind::kAie, uuid));
  client->RunGraph();
  client->StartMovers();
  EXPECT_EQ(client->fetch_run.state(), ERT_CMD_STATE_QUEUED);
}

TEST_F(BoardTest, CountsSystemCallsApartFromRegisters) {
  BoardClient& board = Started();
  const RecurdBoardCounts before = hooks.counts();
  board.Submit(RunJob(1, Random(kInput, 9)));
  ASSERT_TRUE(board.Done());
  hooks.acquire();
  const RecurdBoardCounts after = hooks.counts();
  EXPECT_EQ(after.system_calls, before.system_calls);
  EXPECT_EQ(after.jobs, before.jobs + 1);
  EXPECT_EQ(after.register_writes, before.register_writes + 4);
  EXPECT_GT(after.register_reads, before.register_reads);
  EXPECT_EQ(after.acquires, before.acquires + 1);
}

}  // namespace
}  // namespace virtual_board
}  // namespace recurd
