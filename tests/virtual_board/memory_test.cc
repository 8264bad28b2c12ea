// What host and device see of a buffer, and when.
#include "tests/virtual_board/board_fixture.h"

namespace recurd {
namespace virtual_board {
namespace {

constexpr uint32_t kNothing = 0xa5a5a5a5;

class MemoryTest : public BoardTest {
 protected:
  BoardClient& StartedWith(xrt::bo::flags flags) {
    BoardClient& board = Open(Xclbin());
    WriteWeights(1);
    board.MakeRings(flags);
    std::fill_n(board.result.map<uint32_t*>(), BoardClient::kRingBytes / 4, kNothing);
    hooks.clean(board.result.map(), BoardClient::kRingBytes);
    board.RunGraph();
    board.StartMovers();
    return board;
  }
  // False if the array found no job where its words should be.
  bool DoJob(const std::vector<uint32_t>& job) {
    client->Submit(job);
    EXPECT_TRUE(client->Done());
    return client->Read(hw::kRegFault) == hw::kFaultNone;
  }

  const std::vector<uint32_t> job = RunJob(5, Random(2 * kInput, 3));
  const size_t words = 2 * kRecordWords;
};

TEST_F(MemoryTest, ShowsUncachedResultsAtTheAcquireHookOnly) {
  BoardClient& board = StartedWith(xrt::bo::flags::normal);
  ASSERT_TRUE(DoJob(job));
  hooks.invalidate(board.result.map(), 4 * words);
  EXPECT_THAT(board.Results(words), testing::Each(kNothing));
  hooks.acquire();
  EXPECT_EQ(board.Results(words), Records(EmulatedRows(1, job, 2), 5, 0));
}

TEST_F(MemoryTest, HandsUncachedInputsOverAtTheReleaseHookOnly) {
  BoardClient& board = StartedWith(xrt::bo::flags::normal);
  hooks.release();
  std::copy(job.begin(), job.end(), board.input.map<uint32_t*>());
  board.control.write_register(hw::kRegInputBeats, static_cast<uint32_t>(job.size()) / 4);
  board.control.write_register(hw::kRegSubmit, ++board.submitted);
  ASSERT_TRUE(board.Done());
  EXPECT_EQ(board.Read(hw::kRegFault), hw::kFaultBadOp);
}

TEST_F(MemoryTest, MovesCacheableInputsByTheCleanHookOrBySync) {
  BoardClient& board = StartedWith(xrt::bo::flags::cacheable);
  EXPECT_FALSE(DoJob(job)) << "neither";
  ASSERT_TRUE(board.Abort());
  hooks.clean(board.input.map(), 4 * job.size());
  EXPECT_TRUE(DoJob(job));
  std::fill_n(board.input.map<uint32_t*>(), job.size(), 0);
  board.input.sync(XCL_BO_SYNC_BO_TO_DEVICE, 4 * job.size(), 0);
  EXPECT_FALSE(DoJob(job)) << "zeros";
  ASSERT_TRUE(board.Abort());
  board.input.sync(XCL_BO_SYNC_BO_TO_DEVICE, 4 * job.size(), 0);
  EXPECT_TRUE(DoJob(job));
}

TEST_F(MemoryTest, ShowsCacheableResultsByTheInvalidateHook) {
  BoardClient& board = StartedWith(xrt::bo::flags::cacheable);
  std::copy(job.begin(), job.end(), board.input.map<uint32_t*>());
  hooks.clean(board.input.map(), 4 * job.size());
  ASSERT_TRUE(DoJob(job));
  hooks.acquire();
  EXPECT_THAT(board.Results(words), testing::Each(kNothing));
  hooks.invalidate(board.result.map(), 4 * words);
  EXPECT_EQ(board.Results(words), Records(EmulatedRows(1, job, 2), 5, 0));
}

TEST_F(MemoryTest, ShowsCacheableResultsBySync) {
  BoardClient& board = StartedWith(xrt::bo::flags::cacheable);
  std::copy(job.begin(), job.end(), board.input.map<uint32_t*>());
  hooks.clean(board.input.map(), 4 * job.size());
  ASSERT_TRUE(DoJob(job));
  board.result.sync(XCL_BO_SYNC_BO_FROM_DEVICE, 4 * words, 0);
  EXPECT_EQ(board.Results(words), Records(EmulatedRows(1, job, 2), 5, 0));
}

TEST_F(MemoryTest, WritesDirtyLinesOverTheDevicesOnInvalidate) {
  BoardClient& board = StartedWith(xrt::bo::flags::cacheable);
  std::copy(job.begin(), job.end(), board.input.map<uint32_t*>());
  hooks.clean(board.input.map(), 4 * job.size());
  ASSERT_TRUE(DoJob(job));
  board.result.map<uint32_t*>()[15] = 77;  // in the first line of 64 bytes
  hooks.invalidate(board.result.map(), 4 * words);
  EXPECT_EQ(board.Results(16)[0], kNothing);
  EXPECT_EQ(board.Results(16)[15], 77u);
  EXPECT_NE(board.Results(17)[16], kNothing) << "the next line";
}

TEST_F(MemoryTest, IsZeroAtFirst) {
  for (int i = 0; i < 3; ++i) {
    xrt::bo buffer(device, 4096, xrt::bo::flags::normal, 0);
    EXPECT_THAT(std::vector<uint8_t>(buffer.map<uint8_t*>(), buffer.map<uint8_t*>() + 4096), testing::Each(0));
    std::fill_n(buffer.map<uint8_t*>(), 4096, 7);
  }
}

TEST_F(MemoryTest, RefusesASyncThatLeavesTheBuffer) {
  xrt::bo buffer(device, 4096, xrt::bo::flags::cacheable, 0);
  EXPECT_ANY_THROW(buffer.sync(XCL_BO_SYNC_BO_TO_DEVICE, 4096, 64));
  EXPECT_NO_THROW(buffer.sync(XCL_BO_SYNC_BO_TO_DEVICE, 4096 - 64, 64));
}

TEST_F(MemoryTest, GivesAddressesWithAHighWordThatAreNeverUsedTwice) {
  const auto make = [&] { return xrt::bo(device, 4096, xrt::bo::flags::cacheable, 0).address(); };
  const uint64_t first = make();
  EXPECT_GT(first >> 32, 0u);
  EXPECT_NE(make(), first);
}

TEST_F(MemoryTest, LosesWhatIsWrittenToAFreedBuffer) {
  BoardClient& board = StartedWith(xrt::bo::flags::normal);
  board.result = xrt::bo(device, 4096, xrt::bo::flags::normal, 0);
  ASSERT_TRUE(DoJob(job));
  hooks.acquire();
  EXPECT_THAT(board.Results(64), testing::Not(testing::Contains(5u)));
}

TEST_F(MemoryTest, LosesWhatLeavesABuffer) {
  BoardClient& board = Open(Xclbin());
  WriteWeights(1);
  board.MakeRings();
  board.result = xrt::bo(device, 4096, xrt::bo::flags::cacheable, 0);
  const xrt::bo behind(device, 4096, xrt::bo::flags::cacheable, 0);
  EXPECT_GT(behind.address(), board.result.address() + 4096);
  board.RunGraph();
  board.StartMovers();  // they take it for a ring of 64 KB
  constexpr uint32_t kLastBeat = 4096 / 16 - 1;
  board.control.write_register(hw::kRegResultOffset, kLastBeat);
  std::copy(job.begin(), job.end(), board.input.map<uint32_t*>());
  hooks.release();
  board.control.write_register(hw::kRegInputBeats, static_cast<uint32_t>(job.size()) / 4);
  board.control.write_register(hw::kRegSubmit, ++board.submitted);
  ASSERT_TRUE(board.Done());
}

}  // namespace
}  // namespace virtual_board
}  // namespace recurd
