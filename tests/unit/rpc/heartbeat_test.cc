#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "server/rpc/server.h"
#include "tests/unit/fakes/in_process_server.h"
#include "tests/unit/rpc/guarded_calls.h"

namespace recurd {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::Ge;
using ::testing::Le;

class HeartbeatTest : public ::testing::Test {
 protected:
  int BeatsWithin(milliseconds time) {
    const int before = beats_;
    std::this_thread::sleep_for(time);
    return beats_ - before;
  }

  std::atomic<int> beats_ = 0;
  InProcessServer server_{{}, {.listen = "127.0.0.1:0", .heartbeat = [this] { ++beats_; }, .heartbeat_ns = 20'000'000}};
};

TEST_F(HeartbeatTest, ComesWhileNothingHappens) { EXPECT_THAT(BeatsWithin(milliseconds(1000)), AllOf(Ge(25), Le(55))); }

TEST_F(HeartbeatTest, ComesNoOftenerWhileMessagesAreServed) {
  std::atomic<bool> over = false;
  int calls = 0;
  std::thread client([&] {
    for (; !over; ++calls) EXPECT_TRUE(Infer(server_.Channel()).ok());
  });
  EXPECT_THAT(BeatsWithin(milliseconds(1000)), AllOf(Ge(25), Le(55)));
  over = true;
  client.join();
  EXPECT_GT(calls, 100);
}

TEST_F(HeartbeatTest, StopsWithTheServingThread) {
  ASSERT_TRUE(WaitFor([&] { return beats_ > 0; }));
  std::atomic<int> during = 0;
  server_.Do([&](FakePipeline&) {
    std::this_thread::sleep_for(milliseconds(50));  // longer than a beat that is on its way
    during = BeatsWithin(milliseconds(300));
  });
  EXPECT_EQ(during, 0);
  EXPECT_GE(BeatsWithin(milliseconds(300)), 5);
}

TEST_F(HeartbeatTest, EndsWithTheServer) {
  ASSERT_TRUE(WaitFor([&] { return beats_ > 0; }));
  EXPECT_TRUE(server_.Stop());
  EXPECT_EQ(BeatsWithin(milliseconds(100)), 0);
}

TEST(LongHeartbeatTest, HoldsUpNoStop) {
  InProcessServer server({}, {.listen = "127.0.0.1:0", .heartbeat = [] {}, .heartbeat_ns = 20'000'000'000});
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(server.Stop());
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

}  // namespace
}  // namespace recurd
