#include "server/pipeline/xrt/driver.h"

#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/pipeline/xrt/fake_device.h"

namespace recurd::board {
namespace {

using testing::Each;
using Mischief = FakeDevice::Mischief;
using State = Driver::State;

constexpr RowWords kRows = {8, 8};

class DriverTest : public testing::TestWithParam<Caching> {
 protected:
  explicit DriverTest(DriverLimits limits = {}, size_t ring_bytes = 4096)
      : driver_(device_, Rings::Make(device_, GetParam(), ring_bytes).value(), clock_, limits) {
    EXPECT_TRUE(device_.StartMovers(driver_.rings().input(), driver_.rings().result()).ok());
    EXPECT_TRUE(driver_.Attach());
  }

  // A job of rows of ones, from a state of twos.
  State Run(int steps, bool switched = true) {
    const std::vector<float> rows(steps * kRows.input, 1), state(kRows.state, 2);
    states_.assign(steps * kRows.state, -1);
    job_.Begin(driver_.NewSequence());
    if (switched) job_.Switch(3, state.data());
    job_.Run(3, 1, rows.data(), steps);
    driver_.Submit(job_, 0, 0);
    return Wait();
  }
  State Wait() {
    State state;
    for (int polls = 0; (state = driver_.Poll(states_.data())) == State::kRunning; ++polls) {
      if (polls > 100'000) ADD_FAILURE() << "Poll never ends";
      if (polls > 100'000) break;
    }
    return state;
  }

  FakeDevice device_;
  TickingClock clock_;
  Driver driver_;
  Job job_{kRows, 64};
  std::vector<float> states_;
};

INSTANTIATE_TEST_SUITE_P(Caching, DriverTest, testing::Values(Caching::kUncached, Caching::kCacheable),
                         [](const auto& info) { return info.param == Caching::kUncached ? "Uncached" : "Cacheable"; });

TEST_P(DriverTest, AJobsStatesComeBack) {
  ASSERT_EQ(Run(2), State::kDone);
  EXPECT_THAT(std::vector(states_.begin(), states_.begin() + 8), Each(3));
  EXPECT_THAT(std::vector(states_.begin() + 8, states_.end()), Each(4));
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // which make calls of their own
// In strict mode the kernel kills a process for any system call but read, write and exit.
TEST_P(DriverTest, AJobMakesNoSystemCall) {
  ASSERT_EQ(Run(2), State::kDone);  // what it allocates is there
  const auto run_without_calls = [this] {
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
    const State state = Run(2);
    syscall(SYS_exit, state == State::kDone ? 0 : 1);
  };
  EXPECT_EXIT(run_without_calls(), testing::ExitedWithCode(0), "");
}
#endif

TEST_P(DriverTest, ASlotKeepsItsState) {
  ASSERT_EQ(Run(2), State::kDone);
  ASSERT_EQ(Run(1, false), State::kDone);
  EXPECT_THAT(states_, Each(5));
}

TEST_P(DriverTest, ASmallJobGoesThroughTheWindowAndALargeOneThroughTheRing) {
  ASSERT_EQ(Run(1), State::kDone);
  EXPECT_EQ(device_.At(hw::kRegInputOffset), hw::kInWindow);
  ASSERT_EQ(Run(40), State::kDone);
  EXPECT_LT(device_.At(hw::kRegInputOffset), hw::kInWindow);
  EXPECT_EQ(states_.back(), 42);
}

TEST_P(DriverTest, RingsWrapAroundForJobsOfAllSizes) {
  driver_.set_window_words(0);
  for (int i = 0; i < 200; ++i) {
    const int steps = 1 + i % 64;
    ASSERT_EQ(Run(steps), State::kDone) << i;
    ASSERT_EQ(states_.back(), 2 + steps) << i;
  }
}

TEST_P(DriverTest, RegistersThatKeepTheirValueAreNotWrittenAgain) {
  Run(1, false);
  const size_t before = device_.writes;
  Run(1, false);
  EXPECT_EQ(device_.writes - before, 4 + kRows.input + 2);  // the words, where the records go, SUBMIT
}

TEST_P(DriverTest, TheBoardIsNotAskedBeforeAJobIsDue) {
  const std::vector<float> row(kRows.input);
  states_.resize(kRows.state);
  job_.Begin(driver_.NewSequence());
  job_.Run(0, 0, row.data(), 1);
  driver_.Submit(job_, 1'000'000, 1'000'000);
  const size_t before = device_.reads;
  EXPECT_EQ(driver_.Poll(states_.data()), State::kRunning);
  EXPECT_EQ(device_.reads, before);
  EXPECT_EQ(Wait(), State::kDone);
}

TEST_P(DriverTest, APollTakesNoLongerThanItsSlice) {
  device_.mischief = Mischief::kHang;
  const std::vector<float> row(kRows.input);
  job_.Begin(driver_.NewSequence());
  job_.Run(0, 0, row.data(), 1);
  driver_.Submit(job_, 0, 0);
  const int64_t before = clock_.now_ns;
  EXPECT_EQ(driver_.Poll(states_.data()), State::kRunning);
  EXPECT_LT(clock_.now_ns - before, 21'000);
}

struct FaultCase {
  Mischief mischief;
  Fault fault;
};

TEST_P(DriverTest, EachFaultIsTold) {
  using enum Mischief;
  for (const auto& [mischief, fault] : {FaultCase{kHang, Fault::kHang},
                                        {kEarly, Fault::kStale},
                                        {kStale, Fault::kStale},
                                        {kHalf, Fault::kHalfWritten},
                                        {kCorrupt, Fault::kCorrupt},
                                        {kRefuse, Fault::kRefused},
                                        {kAhead, Fault::kStale}}) {
    for (int i = 0; i < 40; ++i) ASSERT_EQ(Run(1), State::kDone);  // so that old records stand in the ring
    device_.mischief = mischief;
    EXPECT_EQ(Run(2), State::kFailed);
    EXPECT_EQ(driver_.fault(), fault) << "mischief " << static_cast<int>(mischief);
    device_.mischief = kNone;
    ASSERT_EQ(Run(2), State::kDone) << "the next job after mischief " << static_cast<int>(mischief);
    EXPECT_EQ(states_.back(), 4);
  }
}

TEST_P(DriverTest, NothingWrittenToAFreshRingIsHalfARecord) {
  device_.mischief = Mischief::kEarly;
  EXPECT_EQ(Run(1), State::kFailed);
  EXPECT_EQ(driver_.fault(), Fault::kHalfWritten);
}

TEST_P(DriverTest, AHangIsToldAfterItsTimeAndNotBefore) {
  device_.mischief = Mischief::kHang;
  const int64_t before = clock_.now_ns;
  EXPECT_EQ(Run(1), State::kFailed);
  EXPECT_GE(clock_.now_ns - before, DriverLimits().hang_ns);
  EXPECT_LT(clock_.now_ns - before, 2 * DriverLimits().hang_ns);
}

TEST_P(DriverTest, TimeInWhichNobodyPolledIsNoHang) {
  device_.reads_until_done = 3;
  const std::vector<float> row(kRows.input);
  states_.resize(kRows.state);
  job_.Begin(driver_.NewSequence());
  job_.Run(0, 0, row.data(), 1);
  driver_.Submit(job_, 0, 0);
  clock_.now_ns += 10 * DriverLimits().hang_ns;
  EXPECT_EQ(Wait(), State::kDone);
}

TEST_P(DriverTest, AnAbortThatNeverEndsLosesTheBoardInBoundedTime) {
  device_.mischief = Mischief::kStuck;
  const int64_t before = clock_.now_ns;
  EXPECT_EQ(Run(1), State::kLost);
  EXPECT_EQ(driver_.fault(), Fault::kHang);
  EXPECT_LT(clock_.now_ns - before, 2 * (DriverLimits().hang_ns + DriverLimits().abort_ns));
}

TEST_P(DriverTest, ALibraryThatThrowsLosesTheBoard) {
  device_.mischief = Mischief::kThrows;
  EXPECT_EQ(Run(1), State::kLost);
  EXPECT_EQ(driver_.fault(), Fault::kDevice);
}

TEST_P(DriverTest, WithoutABarrierTheRecordsDoNotArrive) {
  driver_.set_window_words(0);
  const bool cacheable = GetParam() == Caching::kCacheable;
  bool& inwards = cacheable ? device_.cleans : device_.releases;
  bool& outwards = cacheable ? device_.invalidates : device_.acquires;
  for (bool* instruction : {&inwards, &outwards}) {
    ASSERT_EQ(Run(2), State::kDone);
    *instruction = false;
    EXPECT_NE(Run(2), State::kDone);
    *instruction = true;
  }
  EXPECT_EQ(Run(2), State::kDone);
}

TEST_P(DriverTest, CountersGoOnWhereTheyStand) {
  device_.At(hw::kRegDone) = device_.At(hw::kRegSubmit) = ~0u;
  device_.At(hw::kRegAbort) = device_.At(hw::kRegGeneration) = 7;
  ASSERT_TRUE(driver_.Attach());
  EXPECT_EQ(Run(1), State::kDone);
  EXPECT_EQ(Run(1), State::kDone);
}

}  // namespace
}  // namespace recurd::board
