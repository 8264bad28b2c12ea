// Each fault switch shows as README.md says.
#include <cmath>
#include <cstring>
#include <thread>

#include "tests/virtual_board/board_fixture.h"

namespace recurd {
namespace virtual_board {
namespace {

constexpr uint32_t kSteps = 2;

class FaultTest : public BoardTest {
 protected:
  // Job number n of `steps` steps has this sequence number; its results stand at the start of the ring.
  std::vector<uint32_t> DoJob(uint32_t sequence) {
    client->Submit(RunJob(sequence, Random(kSteps * kInput, sequence)));
    EXPECT_TRUE(client->Done());
    return Seen();
  }
  std::vector<uint32_t> Seen() {
    hooks.acquire();
    return client->Results(kSteps * kRecordWords);
  }
  static const uint32_t* LastEnd(const std::vector<uint32_t>& records) { return &records[records.size() - 4]; }
  // Of the last record.
  static bool CheckIsRight(const std::vector<uint32_t>& records) {
    const std::vector<uint32_t> row(records.end() - kRecordWords, records.end() - 4);
    const uint32_t* end = LastEnd(records);
    return Records(row, end[0], end[2]).back() == end[3] || RowOneCheck(row, end) == end[3];
  }
  static uint32_t RowOneCheck(const std::vector<uint32_t>& row, const uint32_t* end) {
    uint32_t check = 0;
    for (size_t i = 0; i < row.size(); i += 4) check = hw::CheckBeat(check, row[i], row[i + 1], row[i + 2], row[i + 3]);
    return hw::CheckBeat(check, end[0], end[1], end[2], 0);
  }
  BoardClient& StartedWith(const char* faults) {
    BoardClient& board = Started();
    EXPECT_EQ(hooks.set_faults(faults), 0);
    return board;
  }
};

TEST_F(FaultTest, RefusesASwitchThatIsNone) {
  EXPECT_EQ(hooks.set_faults("hang@1"), 0);
  EXPECT_EQ(hooks.set_faults("hangs"), -1);
  EXPECT_EQ(hooks.set_faults("hang@"), -1);
}

TEST_F(FaultTest, HangEndsWithAnAbort) {
  BoardClient& board = StartedWith("hang@2");
  DoJob(1);
  board.Submit(RunJob(2, Random(kSteps * kInput, 2)));
  EXPECT_FALSE(board.Done(2000));
  EXPECT_TRUE(board.Abort());
  EXPECT_EQ(LastEnd(DoJob(3))[0], 3u);
}

TEST_F(FaultTest, HangsAsOftenAsItWasTold) {
  BoardClient& board = StartedWith("hang@1x2");
  for (const bool done : {false, false, true}) {
    board.Submit(RunJob(1, Random(kInput, 1)));
    EXPECT_EQ(board.Done(2000), done);
    EXPECT_TRUE(board.Abort());
  }
}

TEST_F(FaultTest, StuckAnswersNoAbortUntilTheArrayIsReloaded) {
  BoardClient& board = StartedWith("stuck@1");
  board.Submit(RunJob(1, Random(kInput, 1)));
  EXPECT_FALSE(board.Done(2000));
  const uint32_t heartbeat = board.Read(hw::kRegHeartbeat);
  EXPECT_FALSE(board.Abort());
  EXPECT_EQ(board.Read(hw::kRegHeartbeat), heartbeat);
  client.reset();
  device.load_xclbin(Xclbin(XclbinKind::kAie));
  Open(Xclbin(XclbinKind::kPl));
  WriteWeights(1);
  client->Start();
  EXPECT_EQ(LastEnd(DoJob(2))[0], 2u);
}

TEST_F(FaultTest, SlowIsDoneAfterItsTime) {
  BoardClient& board = StartedWith("slow:20000@1");
  board.Submit(RunJob(1, Random(kSteps * kInput, 1)));
  EXPECT_FALSE(board.Done(10));
  std::this_thread::sleep_for(std::chrono::milliseconds(25));
  EXPECT_TRUE(board.Done());
  EXPECT_EQ(LastEnd(Seen())[0], 1u);
}

TEST_F(FaultTest, SlowPollsIsDoneAfterThatManyReads) {
  BoardClient& board = StartedWith("slow_polls:5000@1");
  board.Submit(RunJob(1, Random(kSteps * kInput, 1)));
  EXPECT_FALSE(board.Done(4999));
  EXPECT_TRUE(board.Done());
}

TEST_F(FaultTest, EarlyCountsAJobThatIsNotDone) {
  BoardClient& board = StartedWith("early:3@2");
  DoJob(1);
  board.Submit(RunJob(2, Random(kSteps * kInput, 2)));
  EXPECT_TRUE(board.Done(1));
  EXPECT_EQ(LastEnd(Seen())[0], 1u) << "the last job's";
  EXPECT_FALSE(board.Await(hw::kRegGeneration, 1, 2));
  EXPECT_TRUE(board.Done());
  EXPECT_EQ(LastEnd(Seen())[0], 2u);
}

TEST_F(FaultTest, EarlyLeavesNothingBehindAnAbort) {
  BoardClient& board = StartedWith("early:1000@1");
  board.Submit(RunJob(1, Random(kSteps * kInput, 1)));
  EXPECT_TRUE(board.Done(1));
  EXPECT_TRUE(board.Abort());
  const std::vector<uint32_t> records = DoJob(2);
  EXPECT_EQ(LastEnd(records)[0], 2u);
  EXPECT_EQ(LastEnd(records)[2], 1u) << "generation";
}

TEST_F(FaultTest, StaleLeavesTheLastRecordAsItWas) {
  StartedWith("stale@2");
  const std::vector<uint32_t> before = DoJob(1), after = DoJob(2);
  EXPECT_EQ(after[kRecordWords - 4], 2u) << "the first record";
  EXPECT_EQ(LastEnd(after)[0], 1u);
  EXPECT_TRUE(std::equal(after.end() - kRecordWords, after.end(), before.end() - kRecordWords));
}

TEST_F(FaultTest, DoubledHasTheSequenceNumberBeforeAndARightCheck) {
  StartedWith("doubled@2");
  DoJob(1);
  const std::vector<uint32_t> records = DoJob(2);
  EXPECT_EQ(LastEnd(records)[0], 1u);
  EXPECT_TRUE(CheckIsRight(records));
}

TEST_F(FaultTest, HalfEndsWithinTheLastRow) {
  StartedWith("half@2");
  const std::vector<uint32_t> before = DoJob(1), after = DoJob(2);
  EXPECT_NE(after[kRecordWords], before[kRecordWords]) << "its first word";
  EXPECT_TRUE(std::equal(after.end() - 4 - kHidden / 2, after.end(), before.end() - 4 - kHidden / 2));
}

TEST_F(FaultTest, TornHasItsEndButNotItsSecondHalf) {
  StartedWith("torn@2");
  const std::vector<uint32_t> before = DoJob(1), after = DoJob(2);
  EXPECT_EQ(LastEnd(after)[0], 2u);
  EXPECT_EQ(after[after.size() - 5], before[before.size() - 5]);
  EXPECT_FALSE(CheckIsRight(after));
}

TEST_F(FaultTest, CorruptIsSeenInTheCheckOnly) {
  StartedWith("corrupt@1");
  const std::vector<uint32_t> records = DoJob(1);
  EXPECT_EQ(LastEnd(records)[0], 1u);
  EXPECT_FALSE(CheckIsRight(records));
  EXPECT_TRUE(CheckIsRight(DoJob(2)));
}

TEST_F(FaultTest, NanHasARightCheck) {
  StartedWith("nan@1");
  const std::vector<uint32_t> records = DoJob(1);
  float first;
  std::memcpy(&first, &records[kRecordWords], sizeof(first));
  EXPECT_TRUE(std::isnan(first));
  EXPECT_TRUE(CheckIsRight(records));
}

TEST_F(FaultTest, RefuseSaysItsKindUntilAnAbort) {
  BoardClient& board = StartedWith("refuse:7@2");
  const std::vector<uint32_t> before = DoJob(1);
  EXPECT_EQ(DoJob(2), before);
  EXPECT_EQ(board.Read(hw::kRegFault), 7u);
  EXPECT_TRUE(board.Abort());
  EXPECT_EQ(board.Read(hw::kRegFault), 0u);
}

TEST_F(FaultTest, LostAnswersNothingUntilThePowerIsCycled) {
  BoardClient& board = StartedWith("lost@1");
  board.Submit(RunJob(1, Random(kInput, 1)));
  EXPECT_EQ(board.Read(hw::kRegMagic), ~0u);
  EXPECT_ANY_THROW(board.input.sync(XCL_BO_SYNC_BO_TO_DEVICE));
  client.reset();
  EXPECT_EQ(hooks.set_faults(""), 0);
  EXPECT_ANY_THROW(Open(Xclbin()));
  hooks.power_cycle();
  EXPECT_NO_THROW(Open(Xclbin()));
}

TEST_F(FaultTest, FailsTheCallsThatWereNamed) {
  BoardClient& board = StartedWith("sync@1,alloc@1,update@1,exec@1,load@2");
  EXPECT_ANY_THROW(board.input.sync(XCL_BO_SYNC_BO_TO_DEVICE));
  EXPECT_NO_THROW(board.input.sync(XCL_BO_SYNC_BO_TO_DEVICE));
  EXPECT_ANY_THROW(xrt::bo(device, 4096, xrt::bo::flags::cacheable, 0));
  EXPECT_ANY_THROW(board.graph->update("gru.block_indices[0]", int32_t{0}));
  EXPECT_NO_THROW(board.graph->update("gru.block_indices[0]", int32_t{0}));
  EXPECT_ANY_THROW(board.StartMovers());
  client.reset();
  EXPECT_NO_THROW(device.load_xclbin(Xclbin(XclbinKind::kAie)));
  EXPECT_ANY_THROW(device.load_xclbin(Xclbin(XclbinKind::kPl)));
}

TEST_F(FaultTest, ALoadThatHangsReturnsOnceTheSwitchIsOff) {
  StartedWith("load_hang");
  client.reset();
  std::thread mender([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    hooks.set_faults("");
  });
  const auto start = std::chrono::steady_clock::now();
  device.load_xclbin(Xclbin(XclbinKind::kAie));
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(40));
  mender.join();
}

struct Altered {
  const char* name;
  uint32_t offset;
};
class AlteredRegister : public FaultTest, public testing::WithParamInterface<Altered> {};
TEST_P(AlteredRegister, HasAnotherValueWhileTheSwitchIsOn) {
  BoardClient& board = Open(Xclbin());
  const uint32_t right = board.Read(GetParam().offset);
  ASSERT_EQ(hooks.set_faults(GetParam().name), 0);
  EXPECT_NE(board.Read(GetParam().offset), right);
  ASSERT_EQ(hooks.set_faults(""), 0);
  EXPECT_EQ(board.Read(GetParam().offset), right);
}
INSTANTIATE_TEST_SUITE_P(Registers, AlteredRegister,
                         testing::Values(Altered{"magic", hw::kRegMagic}, Altered{"abi", hw::kRegAbi},
                                         Altered{"build", hw::kRegBuildId}, Altered{"geometry", hw::kRegGeometry},
                                         Altered{"numerics", hw::kRegNumerics}, Altered{"foreign", hw::kRegMagic}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_F(FaultTest, SlowRegistersTakeTheirTime) {
  BoardClient& board = Open(Xclbin());
  ASSERT_EQ(hooks.set_faults("slow_registers:2000000"), 0);
  const auto start = std::chrono::steady_clock::now();
  board.Read(hw::kRegMagic);
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(2));
}

TEST_F(FaultTest, DirtyIsABoardThatSomebodyLeftRunning) {
  ASSERT_EQ(hooks.set_faults("dirty"), 0);
  BoardClient& board = Open(Xclbin());
  EXPECT_EQ(board.Read(hw::kRegGeneration), 3u);
  EXPECT_EQ(board.Read(hw::kRegDone), hw::kStateSlots + 1u);
  EXPECT_NE(board.Read(hw::kRegFault), 0u);
}

TEST_F(FaultTest, DirtyIsCleanAfterItsArrayWasReloaded) {
  ASSERT_EQ(hooks.set_faults("dirty"), 0);
  Open(Xclbin());
  client.reset();
  device.load_xclbin(Xclbin(XclbinKind::kAie));
  BoardClient& board = Open(Xclbin(XclbinKind::kPl));
  EXPECT_EQ(board.Read(hw::kRegGeneration), 0u);
  WriteWeights(1);
  board.Start();
  EXPECT_EQ(LastEnd(DoJob(1))[0], 1u);
}

TEST_F(FaultTest, NoPlResetLeavesTheMoversOnTheirOldRings) {
  StartedWith("no_pl_reset");
  DoJob(1);
  client.reset();
  device.load_xclbin(Xclbin(XclbinKind::kAie));
  Open(Xclbin(XclbinKind::kPl));
  WriteWeights(1);
  client->Start();
  EXPECT_THAT(DoJob(2), testing::Each(0u));
}

TEST_F(FaultTest, DirtyMoversTakeNoneOfOurRings) {
  ASSERT_EQ(hooks.set_faults("dirty"), 0);
  BoardClient& board = Started();
  ASSERT_TRUE((board.aborted = 3, board.Abort()));
  board.submitted = board.Read(hw::kRegDone);
  const std::vector<uint32_t> records = DoJob(1);
  EXPECT_THAT(records, testing::Each(0u));
}

TEST_F(FaultTest, DirtyMayComeWhileSomebodyHoldsTheKernels) {
  BoardClient& board = Open(Xclbin());
  ASSERT_EQ(hooks.set_faults("dirty"), 0);
  board.Start();
  EXPECT_EQ(board.fetch_run.state(), ERT_CMD_STATE_QUEUED);
}

TEST_F(FaultTest, TakesItsSwitchesFromAFileThatChanges) {
  BoardClient& board = Started();
  const char* path = std::getenv("RECURD_VIRTUAL_BOARD_FAULT_FILE");
  ASSERT_NE(path, nullptr);
  std::ofstream(path) << "hang@1\n";
  board.Submit(RunJob(1, Random(kInput, 1)));
  EXPECT_FALSE(board.Done(2000));
  std::filesystem::remove(path);
}

using FaultDeathTest = FaultTest;
TEST_F(FaultDeathTest, BusHangNeverReturns) {
  EXPECT_EXIT(
      {
        StartedWith("bus_hang@1");
        alarm(1);
        client->Submit(RunJob(1, Random(kInput, 1)));
      },
      testing::KilledBySignal(SIGALRM), "");
}

TEST_F(FaultDeathTest, GraphEndNeverReturnsAfterAnEndlessRun) {
  EXPECT_EXIT(
      {
        Started();
        alarm(1);
        client->graph->end();
      },
      testing::KilledBySignal(SIGALRM), "");
}

TEST_F(FaultDeathTest, EndOfSomeCyclesReturnsUnlessItIsToHang) {
  EXPECT_NO_THROW(Started().graph->end(1));
  EXPECT_EXIT(
      {
        hooks.set_faults("end");
        alarm(1);
        client->graph->end(1);
      },
      testing::KilledBySignal(SIGALRM), "");
}

}  // namespace
}  // namespace virtual_board
}  // namespace recurd
