// What clients see while servers and networks fail: each step's outputs once, in order, with the bits of an undisturbed
// run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/integration/child.h"
#include "tests/integration/scrape.h"
#include "tests/integration/streamers.h"
#include "tests/integration/tcp_proxy.h"

namespace recurd {
namespace {

using std::chrono::milliseconds;

constexpr int kKills = 50;
constexpr int kMoreThanUnderWay = 1000;  // steps that no streamer can have answers to in flight

int PortOf(const Daemon& daemon) { return std::atoi(daemon.address().substr(daemon.address().rfind(':') + 1).c_str()); }

void SleepUpTo(std::mt19937& random, int most_ms) {
  std::this_thread::sleep_for(milliseconds(random() % static_cast<unsigned>(most_ms)));
}

// A daemon that comes back on the same port.
class Phoenix {
 public:
  explicit Phoenix(std::vector<std::string> flags = {}) : flags_(std::move(flags)) {
    daemon_.emplace(flags_);
    flags_.push_back("--listen=" + address());
  }
  std::string address() const { return daemon_->address(); }
  // The exit code; -1 if the signal killed it.
  int Restart(int signal) {
    daemon_->Signal(signal);
    const int code = daemon_->Wait(40);
    daemon_.emplace(flags_);
    return code;
  }

 private:
  std::vector<std::string> flags_;
  std::optional<Daemon> daemon_;
};

TEST(SurvivalTest, DaemonsKilledAtRandomMomentsCostNobodyAStep) {
  const Daemon undisturbed;
  Phoenix daemon;
  Crowd crowd(undisturbed.address(), {daemon.address()}, 8);
  ASSERT_TRUE(crowd.WaitForSteps(100));
  std::mt19937 random(1);
  for (int i = 0; i < kKills; ++i) {
    SleepUpTo(random, 150);
    EXPECT_EQ(daemon.Restart(SIGKILL), -1);
    const bool all_went_on = i % 4 != 3 || crowd.WaitForSteps(100);
    EXPECT_TRUE(all_went_on) << "after kill " << i;
  }
  ASSERT_TRUE(crowd.WaitForSteps(100));
  EXPECT_EQ(crowd.Finish(), "");
  EXPECT_GE(crowd.resumed(), kKills);
  std::printf("%d kills, %d resumed sessions, %ld steps compared\n", kKills, crowd.resumed(),
              static_cast<long>(crowd.steps()));
}

TEST(SurvivalTest, ASigtermUnderLoadDrainsInTimeAndCostsNobodyAStep) {
  const Daemon undisturbed;
  Phoenix daemon;
  Crowd crowd(undisturbed.address(), {daemon.address()}, 8);
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(crowd.WaitForSteps(500));
    EXPECT_EQ(daemon.Restart(SIGTERM), 0);
  }
  ASSERT_TRUE(crowd.WaitForSteps(500));
  EXPECT_EQ(crowd.Finish(), "");
  EXPECT_GE(crowd.resumed(), 4);
}

TEST(SurvivalTest, WithTwoServersTheOtherGoesOnAtOnce) {
  const Daemon undisturbed;
  Phoenix one, other;
  Crowd crowd(undisturbed.address(), {one.address(), other.address()}, 4);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(crowd.WaitForSteps(300));
    one.Restart(SIGKILL);
    ASSERT_TRUE(crowd.WaitForSteps(300));
    other.Restart(SIGKILL);
  }
  ASSERT_TRUE(crowd.WaitForSteps(300));
  EXPECT_EQ(crowd.Finish(), "");
}

TEST(SurvivalTest, ConnectionsThatAreCutCostNobodyAStep) {
  const Daemon daemon;
  TcpProxy proxy(PortOf(daemon));
  Crowd crowd(daemon.address(), {proxy.address()}, 4);
  std::mt19937 random(2);
  for (int i = 0; i < 25; ++i) {
    ASSERT_TRUE(crowd.WaitForSteps(50)) << "after cut " << i;
    SleepUpTo(random, 20);
    proxy.CutAll();
  }
  EXPECT_EQ(crowd.Finish(), "");
  EXPECT_GE(crowd.resumed(), 25);
  EXPECT_EQ(Scraped(daemon, "recurd_sessions_opened_total"), 4);  // each came back to its own
}

// The server doesn't know that the connection is dead, and still holds the session for it.
TEST(SurvivalTest, AClientBehindADeadNetworkTakesItsSessionOverFromItself) {
  const Daemon daemon;
  TcpProxy proxy(PortOf(daemon));
  DurableOptions options;
  options.answer_timeout_ms = 300;
  Crowd crowd(daemon.address(), {proxy.address()}, 3, options);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(crowd.WaitForSteps(kMoreThanUnderWay));
    proxy.StallAll();
  }
  ASSERT_TRUE(crowd.WaitForSteps(kMoreThanUnderWay));
  EXPECT_EQ(crowd.Finish(), "");
  EXPECT_GE(Scraped(daemon, "recurd_sessions_ended_total{reason=\"taken_over\"}"), 9);
  EXPECT_EQ(Scraped(daemon, "recurd_sessions_opened_total"), 3);
}

// Counters, positions and floats hold out: the outputs after five million steps are those of another cut into chunks.
TEST(SurvivalTest, FiveMillionStepsInOneSequence) {
  const Daemon daemon;
  const auto client = Client::Connect(daemon.address());
  ASSERT_TRUE(client.ok()) << client.status();
  constexpr uint64_t kSteps = 5'000'000;
  std::vector<v1::Outputs> last;
  for (const uint64_t chunk : {uint64_t{10'000}, uint64_t{16'384}}) {
    v1::Open open;
    open.set_model("digits");
    open.set_outputs(v1::Open::LAST_OF_CHUNK);
    auto session = client->Open(open);
    ASSERT_TRUE(session.ok()) << session.status();
    std::vector<float> inputs;
    for (uint64_t at = 0; at < kSteps;) {
      const uint64_t steps = std::min(chunk, kSteps - at);
      inputs.resize(steps * 8);
      for (size_t i = 0; i < inputs.size(); ++i) inputs[i] = static_cast<float>((at * 8 + i) % 1009) / 1009.0f;
      auto outputs = session->Run(inputs);
      ASSERT_TRUE(outputs.ok()) << outputs.status();
      at += steps;
      if (at == kSteps) last.push_back(*std::move(outputs));
    }
    EXPECT_EQ(session->next_step(), kSteps);
  }
  ASSERT_EQ(last[0].outputs_size(), 10);
  EXPECT_TRUE(std::equal(last[0].outputs().begin(), last[0].outputs().end(), last[1].outputs().begin()));
}

}  // namespace
}  // namespace recurd
