// Exactly once with real daemons: whatever kills one, the outputs have the bits of an undisturbed run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <bit>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "recurd/client.h"
#include "recurd/durable_session.h"
#include "tests/integration/child.h"
#include "tests/integration/digits.h"

namespace recurd {
namespace {

constexpr size_t kSteps = 400;

// One long sequence of the held-out digits' rows.
std::vector<float> Rows() {
  const Digits digits = LoadDigits();
  std::vector<float> rows;
  for (const auto& sequence : digits.sequences) {
    for (const auto& row : sequence.rows) {
      if (rows.size() < kSteps * 8) rows.insert(rows.end(), row.begin(), row.end());
    }
  }
  return rows;
}

std::vector<uint32_t> Bits(const v1::Outputs& outputs) {
  std::vector<uint32_t> bits;
  for (const float value : outputs.outputs()) bits.push_back(std::bit_cast<uint32_t>(value));
  return bits;
}

DurableOptions Patient() {
  DurableOptions options;
  options.client.connect_timeout_ms = 10000;
  options.backoff_max_ms = 200;
  return options;
}

class TwoServersTest : public ::testing::Test {
 protected:
  // Outputs of the whole sequence, `chunk` steps a message; `disturb` is called once in the middle, with half of the
  // answers under way.
  std::vector<uint32_t> RunDurable(DurableSession& session, size_t chunk, const std::function<void()>& disturb) {
    std::vector<uint32_t> bits;
    const auto receive = [&] {
      const auto outputs = session.Receive();
      EXPECT_TRUE(outputs.ok()) << outputs.status();
      if (!outputs.ok()) return;
      const auto more = Bits(*outputs);
      bits.insert(bits.end(), more.begin(), more.end());
    };
    for (size_t at = 0; at < kSteps; at += chunk) {
      EXPECT_TRUE(session.Send({rows_.data() + at * 8, chunk * 8}, {.begin = at == 0}).ok());
      if (session.outstanding() == 8) receive();
      if (at == kSteps / 2) disturb();
    }
    while (session.outstanding() > 0 && !HasFailure()) receive();
    return bits;
  }

  std::vector<uint32_t> Undisturbed() {
    const Daemon daemon;
    auto session = Client::Connect(daemon.address())->Open("digits");
    EXPECT_TRUE(session.ok()) << session.status();
    return Bits(*session->Run(rows_));
  }

  const std::vector<float> rows_ = Rows();
  const std::vector<uint32_t> expected_ = Undisturbed();
};

TEST_F(TwoServersTest, ACheckpointThatWasAskedForIsThereWithTheAnswer) {
  const Daemon server;
  auto client = Client::Connect(server.address());
  ASSERT_TRUE(client.ok()) << client.status();
  v1::Open open;
  open.set_model("digits");
  auto plain = client->Open(open);
  auto durable = DurableSession::Open({server.address()}, open, Patient());
  ASSERT_TRUE(plain.ok() && durable.ok());
  const std::vector<float> row(8, 1.0f);
  for (uint64_t step = 1; step <= 100; ++step) {
    ASSERT_TRUE(plain->Run(row, {.checkpoint = true}).ok());
    ASSERT_EQ(plain->checkpoint()->step(), step);
    ASSERT_TRUE(durable->Run(row, {.checkpoint = true}).ok());
    ASSERT_EQ(durable->checkpoint()->step(), step);
  }
}

TEST_F(TwoServersTest, KillMinus9InTheMiddleChangesNoBit) {
  for (const uint32_t checkpoint_steps : {0u, 7u, 64u}) {
    Daemon one, two;
    v1::Open open;
    open.set_model("digits");
    open.set_checkpoint_steps(checkpoint_steps);
    auto session = DurableSession::Open({one.address(), two.address()}, open, Patient());
    ASSERT_TRUE(session.ok()) << session.status();
    EXPECT_EQ(RunDurable(*session, 4, [&] { one.Signal(SIGKILL); }), expected_) << checkpoint_steps;
    EXPECT_EQ(session->server(), two.address());
    EXPECT_TRUE(session->Close().ok());
  }
}

TEST_F(TwoServersTest, ADrainInTheMiddleChangesNoBit) {
  Daemon one, two;
  auto session = DurableSession::Open({one.address(), two.address()}, "digits", Patient());
  ASSERT_TRUE(session.ok()) << session.status();
  EXPECT_EQ(RunDurable(*session, 5, [&] { one.Signal(SIGTERM); }), expected_);
  EXPECT_EQ(one.Wait(), 0);
}

TEST_F(TwoServersTest, AHangingServerIsLeftAfterTheAnswerTimeout) {
  Daemon one, two;
  DurableOptions options = Patient();
  options.answer_timeout_ms = 500;
  auto session = DurableSession::Open({one.address(), two.address()}, "digits", options);
  ASSERT_TRUE(session.ok()) << session.status();
  EXPECT_EQ(RunDurable(*session, 8, [&] { one.Signal(SIGSTOP); }), expected_);
  EXPECT_EQ(session->server(), two.address());
}

TEST_F(TwoServersTest, AServerThatWakesUpGivesTheSessionBack) {
  Daemon one;
  DurableOptions options = Patient();
  options.answer_timeout_ms = 300;
  auto session = DurableSession::Open({one.address()}, "digits", options);
  ASSERT_TRUE(session.ok()) << session.status();
  const std::string id = session->opened().session_id();
  std::thread wake;
  EXPECT_EQ(RunDurable(*session, 4,
                       [&] {
                         one.Signal(SIGSTOP);
                         wake = std::thread([&] {
                           std::this_thread::sleep_for(std::chrono::milliseconds(700));
                           one.Signal(SIGCONT);
                         });
                       }),
            expected_);
  wake.join();
  EXPECT_GE(session->resumed_count(), 1);
  EXPECT_EQ(session->opened().session_id(), id);
  EXPECT_GT(session->opened().epoch(), 1u);
}

TEST_F(TwoServersTest, AnotherProcessGoesOnWhereThisOneLeft) {
  Daemon one;
  v1::Open open;
  open.set_model("digits");
  std::vector<uint32_t> bits;
  {
    auto first = DurableSession::Open({one.address()}, open, Patient());
    ASSERT_TRUE(first.ok()) << first.status();
    bits = Bits(*first->Run({rows_.data(), kSteps / 2 * 8}));
    open.set_mode(v1::Open::ATTACH);
    open.set_session_id(first->opened().session_id());
  }
  auto second = DurableSession::Open({one.address()}, open, Patient());
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->next_step(), kSteps / 2);
  const auto more = Bits(*second->Run({rows_.data() + kSteps / 2 * 8, kSteps / 2 * 8}));
  bits.insert(bits.end(), more.begin(), more.end());
  EXPECT_EQ(bits, expected_);
}

TEST_F(TwoServersTest, ARestartOnTheSamePortChangesNoBit) {
  auto one = std::make_unique<Daemon>();
  const std::string address = one->address();
  auto session = DurableSession::Open({address}, "digits", Patient());
  ASSERT_TRUE(session.ok()) << session.status();
  std::unique_ptr<Daemon> again;
  EXPECT_EQ(RunDurable(*session, 1,
                       [&] {
                         one->Signal(SIGKILL);
                         one->Wait();
                         again = std::make_unique<Daemon>(std::vector<std::string>{"--listen=" + address});
                       }),
            expected_);
  EXPECT_EQ(session->resumed_count(), 1);
}

}  // namespace
}  // namespace recurd
