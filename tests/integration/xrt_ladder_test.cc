// What the daemon does when its board fails, rung by rung, as server/README.md says: the virtual board's switches,
// thrown while sessions are open. No session is lost: what isn't answered here is answered elsewhere, from a
// checkpoint, with the bits of --pipeline=sim.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "proto/grpc/health/v1/health.grpc.pb.h"
#include "tests/integration/child.h"
#include "tests/integration/digit_session.h"
#include "tests/integration/digits_client.h"
#include "tests/integration/scrape.h"
#include "tests/integration/virtual_board_folder.h"

namespace recurd {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using HealthStatus = grpc::health::v1::HealthCheckResponse;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int kUnavailable = 14;

double Rung(const Daemon& daemon, const std::string& rung) {
  return Scraped(daemon, "recurd_pipeline_recoveries_total{rung=\"" + rung + "\"}");
}
double Faults(const Daemon& daemon, const std::vector<std::string>& kinds) {
  double sum = 0;
  for (const std::string& kind : kinds) sum += Scraped(daemon, "recurd_pipeline_faults_total{kind=\"" + kind + "\"}");
  return sum;
}
const std::vector<std::string> kAllKinds = {"hang", "stale", "half_written", "corrupt", "refused", "device"};

int Count(const std::string& text, const std::string& part) {
  int count = 0;
  for (size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at) ++count;
  return count;
}

// Hears each change of the server's health.
class HealthWatch {
 public:
  explicit HealthWatch(const Daemon& daemon)
      : stub_(grpc::health::v1::Health::NewStub(
            grpc::CreateChannel(daemon.address(), grpc::InsecureChannelCredentials()))) {
    context_.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(15));
    reader_ = stub_->Watch(&context_, grpc::health::v1::HealthCheckRequest());
  }
  ~HealthWatch() {
    context_.TryCancel();
    reader_->Finish();
  }
  // UNKNOWN once the server has ended the stream.
  HealthStatus::ServingStatus Next() {
    HealthStatus response;
    return reader_->Read(&response) ? response.status() : HealthStatus::UNKNOWN;
  }

 private:
  const std::unique_ptr<grpc::health::v1::Health::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<HealthStatus>> reader_;
};

class XrtLadderTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new VirtualBoardFolder;
    digits_ = new Digits(LoadDigits());
    sim_ = new Daemon({"--pipeline=sim", "--mapping=lanes", "--model_repository=" + folder_->Path("models")});
    expected_ = new Answers(ReadDigits(*sim_, "digits", *digits_, 4));
  }
  static void TearDownTestSuite() {
    delete expected_;
    delete sim_;
    delete digits_;
    delete folder_;
  }
  XrtLadderTest() { folder_->SetFaults(""); }

  static DigitSession Open(const Daemon& daemon, size_t digit, const DigitSession::Options& options = {}) {
    return DigitSession(daemon, digits_->sequences[digit], options);
  }
  static std::vector<float> Expected(size_t digit, size_t first, size_t count) {
    const auto at = expected_->logits[digit].begin() + static_cast<ptrdiff_t>(first) * 10;
    return {at, at + static_cast<ptrdiff_t>(count) * 10};
  }

  static void ExpectRefusedByOutage(const v1::StreamResponse& response, uint64_t step) {
    EXPECT_EQ(response.refused().code(), kUnavailable) << response.ShortDebugString();
    EXPECT_EQ(response.refused().retry_after_ms(), 1000u);
    EXPECT_EQ(response.refused().first_step(), step);
    EXPECT_EQ(response.refused().expected_step(), step);
  }
  // A checkpoint of this digit after `step` steps: sim goes on from it with the right bits.
  static void ExpectGoodCheckpoint(const v1::StreamResponse& response, size_t digit, size_t step) {
    ASSERT_TRUE(response.has_checkpoint()) << response.ShortDebugString();
    EXPECT_EQ(response.checkpoint().state().step(), step);
    DigitSession elsewhere = Open(*sim_, digit, {.state = response.checkpoint().state()});
    EXPECT_EQ(elsewhere.Read(step, 8 - step), Expected(digit, step, 8 - step));
  }
  static void ExpectDrained(DigitSession& session, size_t digit, size_t step) {
    ExpectGoodCheckpoint(session.Receive(), digit, step);
    EXPECT_EQ(session.Receive().ended().reason(), v1::Ended::DRAINED);
  }
  // Lets a chunk that was sent reach the board, where it fails after no less than 250 ms.
  static void LetItStart() { std::this_thread::sleep_for(milliseconds(100)); }

  static inline VirtualBoardFolder* folder_;
  static inline Digits* digits_;
  static inline Daemon* sim_;
  static inline Answers* expected_;
};

// ---- retry --------------------------------------------------------------------------------------------------------

struct RetryCase {
  const char* name;
  const char* switches;
  std::vector<std::string> kinds;  // one of them
  size_t steps_before = 3;
};
class XrtRetryTest : public XrtLadderTest, public testing::WithParamInterface<RetryCase> {};
INSTANTIATE_TEST_SUITE_P(
    Faults, XrtRetryTest,
    testing::Values(RetryCase{"hang", "hang@1", {"hang"}}, RetryCase{"too_slow", "slow:999999999@1", {"hang"}},
                    RetryCase{"early", "early:1000000@1", {"stale", "half_written"}},
                    RetryCase{"stale", "stale@1", {"stale", "half_written"}},
                    RetryCase{"doubled", "doubled@1", {"stale"}},
                    RetryCase{"half", "half@1", {"half_written", "stale"}}, RetryCase{"torn", "torn@1", {"corrupt"}},
                    RetryCase{"corrupt", "corrupt@1", {"corrupt"}}, RetryCase{"refuse", "refuse:1@1", {"refused"}},
                    RetryCase{"update", "update@1", {"device"}, 0}),
    [](const auto& info) { return std::string(info.param.name); });

TEST_P(XrtRetryTest, OneFaultIsTriedAgainCountedAndLoggedOnceAndChangesNoBit) {
  Daemon board(folder_->Flags());
  DigitSession session = Open(board, 0);
  const size_t before = GetParam().steps_before;
  if (before > 0) {
    EXPECT_EQ(session.Read(0, before), Expected(0, 0, before));
  }
  folder_->SetFaults(GetParam().switches);
  EXPECT_EQ(session.Read(before, 5 - before), Expected(0, before, 5 - before));
  EXPECT_EQ(session.Read(5, 2), Expected(0, 5, 2));
  EXPECT_EQ(Rung(board, "retry"), 1);
  EXPECT_EQ(Rung(board, "reload"), 0);
  EXPECT_EQ(Faults(board, GetParam().kinds), 1);
  EXPECT_EQ(Faults(board, kAllKinds), 1);
  EXPECT_THAT(board.WaitForLine("the pipeline"), HasSubstr("started again: 1 runs"));
  board.Signal(SIGTERM);
  ExpectDrained(session, 0, 7);
  EXPECT_EQ(board.Wait(), 0);
  EXPECT_EQ(Count(board.log(), "the pipeline"), 1) << board.log();
}

struct SlowCase {
  const char* switches;
  int at_least_ms;
};
class XrtSlowTest : public XrtLadderTest, public testing::WithParamInterface<SlowCase> {};
INSTANTIATE_TEST_SUITE_P(Faults, XrtSlowTest,
                         testing::Values(SlowCase{"slow:50000", 100}, SlowCase{"slow_polls:1000", 0},
                                         SlowCase{"slow_registers:200000", 1}));

TEST_P(XrtSlowTest, ABoardThatIsOnlySlowIsWaitedFor) {
  const Daemon board(folder_->Flags());
  DigitSession session = Open(board, 0);
  folder_->SetFaults(GetParam().switches);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(session.Read(0, 5), Expected(0, 0, 5));
  EXPECT_EQ(session.Read(5, 3), Expected(0, 5, 3));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(GetParam().at_least_ms));
  EXPECT_EQ(Faults(board, kAllKinds), 0);
}

TEST_F(XrtLadderTest, ANanEndsItsSessionAndNobodyElses) {
  const Daemon board(folder_->Flags());
  DigitSession poisoned = Open(board, 0), neighbour = Open(board, 1);
  EXPECT_EQ(neighbour.Read(0, 3), Expected(1, 0, 3));
  folder_->SetFaults("nan@1");
  poisoned.Send(0, 3);
  EXPECT_EQ(poisoned.Receive().refused().first_step(), 0u);
  EXPECT_EQ(poisoned.Receive().ended().reason(), v1::Ended::FAILED);
  EXPECT_EQ(neighbour.Read(3, 5), Expected(1, 3, 5));
}

TEST_F(XrtLadderTest, TheSecondOfTwoChunksInARowThatFaultedEndsItsSessionOnly) {
  const Daemon board(folder_->Flags());
  DigitSession poisoned = Open(board, 0), neighbour = Open(board, 1);
  EXPECT_EQ(neighbour.Read(0, 3), Expected(1, 0, 3));
  folder_->SetFaults("corrupt@1");
  EXPECT_EQ(poisoned.Read(0, 2), Expected(0, 0, 2));
  folder_->SetFaults("corrupt@1");
  poisoned.Send(2, 2);
  EXPECT_EQ(poisoned.Receive().refused().first_step(), 2u);
  EXPECT_EQ(poisoned.Receive().ended().reason(), v1::Ended::FAILED);
  EXPECT_EQ(Rung(board, "retry"), 1);
  EXPECT_EQ(neighbour.Read(3, 5), Expected(1, 3, 5));
}

// ---- reload -------------------------------------------------------------------------------------------------------

struct ReloadCase {
  const char* name;
  const char* switches;
  const char* in_repair;
  int retries;
};
class XrtReloadTest : public XrtLadderTest, public testing::WithParamInterface<ReloadCase> {};
INSTANTIATE_TEST_SUITE_P(Faults, XrtReloadTest,
                         testing::Values(ReloadCase{"fails_again", "hang@1x2", "", 1},
                                         ReloadCase{"stuck", "stuck@1", "", 0},
                                         ReloadCase{"no_pl_reset", "stuck@1", "no_pl_reset", 0},
                                         ReloadCase{"end_hangs", "stuck@1,end", "end", 0}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_P(XrtReloadTest, TheBoardIsRepairedMeanwhileNobodyIsServedAndThenTheFailedChunkIsAnswered) {
  Daemon board(folder_->Flags());
  HealthWatch health(board);
  EXPECT_EQ(health.Next(), HealthStatus::SERVING);
  DigitSession failed = Open(board, 0), waiting = Open(board, 1), idle = Open(board, 2);
  EXPECT_EQ(failed.Read(0, 3), Expected(0, 0, 3));
  EXPECT_EQ(waiting.Read(0, 3), Expected(1, 0, 3));
  EXPECT_EQ(idle.Read(0, 3), Expected(2, 0, 3));

  folder_->SetFaults(std::string(GetParam().switches) + ",load_hang");
  failed.Send(3, 2);
  LetItStart();
  waiting.Send(3, 2);
  EXPECT_EQ(health.Next(), HealthStatus::NOT_SERVING);
  ExpectGoodCheckpoint(waiting.Receive(), 1, 3);
  ExpectRefusedByOutage(waiting.Receive(), 3);
  idle.Send(3, 2);
  ExpectGoodCheckpoint(idle.Receive(), 2, 3);
  ExpectRefusedByOutage(idle.Receive(), 3);
  EXPECT_EQ(Scraped(board, "recurd_pipeline_up"), 0);
  EXPECT_EQ(Rung(board, "reload"), 1);
  EXPECT_EQ(Rung(board, "retry"), GetParam().retries);

  folder_->SetFaults(GetParam().in_repair);
  EXPECT_EQ(DigitSession::Logits(failed.Receive()), Expected(0, 3, 2));
  EXPECT_EQ(health.Next(), HealthStatus::SERVING);
  EXPECT_EQ(Scraped(board, "recurd_pipeline_up"), 1);
  EXPECT_EQ(failed.Read(5, 2), Expected(0, 5, 2));
  EXPECT_EQ(waiting.Read(3, 4), Expected(1, 3, 4));
  EXPECT_EQ(idle.Read(3, 4), Expected(2, 3, 4));
  board.Signal(SIGTERM);
  ExpectDrained(failed, 0, 7);
  ExpectDrained(waiting, 1, 7);
  ExpectDrained(idle, 2, 7);
  EXPECT_EQ(board.Wait(), 0);
  EXPECT_EQ(Count(board.log(), "the pipeline is down"), 1) << board.log();
  EXPECT_EQ(Count(board.log(), "the pipeline is repaired"), 1) << board.log();
}

TEST_F(XrtLadderTest, AFallbackServesWhoeverAllowsItWhileTheBoardIsRepaired) {
  Daemon board(folder_->Flags({"--pipeline_fallback=cpu"}));
  HealthWatch health(board);
  EXPECT_EQ(health.Next(), HealthStatus::SERVING);
  DigitSession easy = Open(board, 0, {.allow_profile_change = true}), strict = Open(board, 1);
  EXPECT_EQ(easy.Read(0, 2), Expected(0, 0, 2));
  EXPECT_EQ(strict.Read(0, 3), Expected(1, 0, 3));

  folder_->SetFaults("stuck@1,load_hang");
  easy.Send(2, 2);
  EXPECT_EQ(easy.Receive().outputs().fallback(), "cpu");
  easy.Send(4, 2);
  EXPECT_EQ(easy.Receive().outputs().fallback(), "cpu");
  strict.Send(3, 2);
  ExpectGoodCheckpoint(strict.Receive(), 1, 3);
  ExpectRefusedByOutage(strict.Receive(), 3);
  EXPECT_EQ(Scraped(board, "recurd_pipeline_up"), 0);
  EXPECT_EQ(Scraped(board, "recurd_fallback_sessions"), 1);
  EXPECT_EQ(Scraped(board, "recurd_fallback_steps_total"), 4);

  folder_->SetFaults("");
  for (int i = 0; i < 1000 && Scraped(board, "recurd_pipeline_up") == 0; ++i) {
    std::this_thread::sleep_for(milliseconds(10));
  }
  easy.Send(6, 2);
  const v1::StreamResponse back = easy.Receive();
  EXPECT_EQ(back.outputs().step_count(), 2u);
  EXPECT_EQ(back.outputs().fallback(), "");
  EXPECT_EQ(strict.Read(3, 5), Expected(1, 3, 5));
  EXPECT_EQ(Scraped(board, "recurd_fallback_sessions"), 0);
  board.Signal(SIGTERM);
  EXPECT_EQ(easy.Receive().checkpoint().state().step(), 8u);
  EXPECT_EQ(health.Next(), HealthStatus::NOT_SERVING);
  EXPECT_EQ(health.Next(), HealthStatus::UNKNOWN) << "no change but the drain's";
}

// ---- exit ---------------------------------------------------------------------------------------------------------

struct ExitCase {
  const char* name;
  const char* switches;
  const char* says;
};
class XrtExitTest : public XrtLadderTest, public testing::WithParamInterface<ExitCase> {};
INSTANTIATE_TEST_SUITE_P(Faults, XrtExitTest,
                         testing::Values(ExitCase{"lost", "lost@1", "No such device"},
                                         ExitCase{"load", "stuck@1,load", "--aie_xclbin="},
                                         ExitCase{"exec", "stuck@1,exec", "fetch and store"},
                                         ExitCase{"update", "stuck@1,update", "parameter"},
                                         ExitCase{"hang", "hang@1x3", "fault 'hang'"},
                                         ExitCase{"other_design", "stuck@1,build", "after a reload the board is"}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_P(XrtExitTest, ARepairThatFailsEndsEverySessionWithACheckpointAndTheProcessWithCode3) {
  Daemon board(folder_->Flags({"--drain_timeout=10s"}));
  DigitSession failed = Open(board, 0), waiting = Open(board, 1), idle = Open(board, 2);
  EXPECT_EQ(failed.Read(0, 3), Expected(0, 0, 3));
  EXPECT_EQ(waiting.Read(0, 3), Expected(1, 0, 3));
  EXPECT_EQ(idle.Read(0, 3), Expected(2, 0, 3));

  const auto start = steady_clock::now();
  folder_->SetFaults(GetParam().switches);
  failed.Send(3, 2);
  LetItStart();
  waiting.Send(3, 2);
  EXPECT_EQ(failed.Receive().refused().code(), kUnavailable);
  ExpectDrained(failed, 0, 3);
  ExpectGoodCheckpoint(waiting.Receive(), 1, 3);
  ExpectRefusedByOutage(waiting.Receive(), 3);
  ExpectDrained(waiting, 1, 3);
  ExpectDrained(idle, 2, 3);
  EXPECT_EQ(board.Wait(), 3);
  EXPECT_LT(steady_clock::now() - start, std::chrono::seconds(5));
  for (const char* line : {"the pipeline is down", "the pipeline can't be repaired", "the pipeline is lost"}) {
    EXPECT_EQ(Count(board.log(), line), 1) << board.log();
  }
  EXPECT_THAT(board.log(), HasSubstr(GetParam().says));
}

TEST_F(XrtLadderTest, ASignalDoesNotWaitForARepairThatDoesNotReturn) {
  Daemon board(folder_->Flags({"--drain_timeout=10s"}));
  DigitSession failed = Open(board, 0), idle = Open(board, 1);
  EXPECT_EQ(failed.Read(0, 3), Expected(0, 0, 3));
  EXPECT_EQ(idle.Read(0, 3), Expected(1, 0, 3));
  folder_->SetFaults("stuck@1,load_hang");
  failed.Send(3, 2);
  ASSERT_NE(board.WaitForLine("is being repaired"), "");
  board.Signal(SIGTERM);
  const auto start = steady_clock::now();
  EXPECT_EQ(failed.Receive().refused().code(), kUnavailable);
  ExpectDrained(failed, 0, 3);
  ExpectDrained(idle, 1, 3);
  EXPECT_EQ(board.Wait(), 3);
  EXPECT_LT(steady_clock::now() - start, std::chrono::seconds(5));
  EXPECT_EQ(Count(board.log(), "can't be repaired: the process ends before the repair does"), 1) << board.log();
  EXPECT_EQ(Count(board.log(), "the pipeline is lost"), 1) << board.log();
}

TEST_F(XrtLadderTest, ABoardThatIsLostWhileDrainingIsNotRepaired) {
  Daemon board(folder_->Flags({"--drain_timeout=10s"}));
  DigitSession failed = Open(board, 0);
  EXPECT_EQ(failed.Read(0, 3), Expected(0, 0, 3));
  folder_->SetFaults("stuck@1");
  failed.Send(3, 2);
  LetItStart();
  board.Signal(SIGTERM);
  EXPECT_EQ(failed.Receive().refused().code(), kUnavailable);
  ExpectDrained(failed, 0, 3);
  EXPECT_EQ(board.Wait(), 3);
  EXPECT_EQ(Count(board.log(), "the pipeline is lost"), 1) << board.log();
  EXPECT_THAT(board.log(), Not(HasSubstr("is being repaired")));
}

TEST_F(XrtLadderTest, ASignalEndsTheProcessAlsoWhereTheBusNeverAnswers) {
  Daemon board(folder_->Flags({"--drain_timeout=200ms"}));
  DigitSession failed = Open(board, 0);
  EXPECT_EQ(failed.Read(0, 3), Expected(0, 0, 3));
  folder_->SetFaults("bus_hang@1");
  failed.Send(3, 2);
  LetItStart();
  board.Signal(SIGTERM);
  EXPECT_EQ(board.Wait(), 1);
  EXPECT_THAT(board.log(), HasSubstr("hangs in the pipeline"));
}

}  // namespace
}  // namespace recurd
