#include "server/session/store/sequence_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "tests/unit/session/store/redis_server.h"

namespace recurd {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;

void WaitFor(const std::function<bool()>& what) {
  for (int i = 0; i < 2000 && !what(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_TRUE(what());
}

// A replica, which hears what its store tells on the store's thread.
struct Replica {
  explicit Replica(const RedisServer& server) : store({.address = server.address()}, metrics, clock) {
    store.Listen({.post = [](const std::function<void()>& message) { message(); },
                  .fenced = [this](const std::string&, uint64_t serial) { fenced_serial = serial; },
                  .asked =
                      [this](const std::string& key) {
                        store.Keep({key, 1, 0}, {"1", "handed over", true, true});
                      },
                  .again = [this] { ++connected; }});
    WaitFor([this] { return metrics.up.value() == 1; });
  }
  SequenceStore::Name Named(uint64_t serial, const std::string& key = "k") { return {key, serial, clock.NowNs()}; }
  Restore Take(const SequenceStore::Name& name) {
    std::atomic<int> result{-1};
    store.Take(name, [&](Restore restore, std::string, std::string found) {
      state = std::move(found);
      result = static_cast<int>(restore);
    });
    WaitFor([&] { return result >= 0; });
    return static_cast<Restore>(result.load());
  }

  SteadyClock clock;
  StoreMetrics metrics;
  std::atomic<uint64_t> fenced_serial{0};
  std::atomic<int> connected{0};
  std::string state;
  SequenceStore store;
};

TEST(SequenceStoreTest, OneReplicaTakesWhatAnotherHasLetGo) {
  const RedisServer server;
  Replica a(server), b(server);
  EXPECT_EQ(b.Take(b.Named(1)), Restore::kAbsent);
  EXPECT_TRUE(a.store.Keep(a.Named(1), {"1", "state", true}));
  EXPECT_EQ(a.store.Finish(5 * kSecondNs), 0u);
  EXPECT_EQ(b.Take(b.Named(2)), Restore::kRestored);
  EXPECT_EQ(b.state, "state");
}

TEST(SequenceStoreTest, AnOwnerIsAskedForItsLastState) {
  const RedisServer server;
  Replica a(server), b(server);
  const auto name = a.Named(1);
  a.store.Keep(name, {"1", "older"});
  WaitFor([&] { return a.metrics.writes.value() == 1; });
  EXPECT_EQ(b.Take(b.Named(1)), Restore::kRestored);
  EXPECT_EQ(b.state, "handed over");
  EXPECT_EQ(a.fenced_serial, 0u);
}

TEST(SequenceStoreTest, WhoWritesAfterALaterOwnerHearsThatItIsFenced) {
  const RedisServer server;
  Replica a(server), b(server);
  auto first = a.Named(1);
  first.since_ns -= kSecondNs;
  b.store.Keep(b.Named(7), {"1", "b's"});
  WaitFor([&] { return b.metrics.writes.value() == 1; });
  a.store.Keep(first, {"1", "a's"});
  WaitFor([&] { return a.fenced_serial == 1; });
  EXPECT_EQ(a.metrics.fenced.value(), 1u);
  EXPECT_EQ(a.metrics.writes.value(), 0u);
}

TEST(SequenceStoreTest, WithoutRedisLooksFailAtOnceAndCheckpointsAreCounted) {
  RedisServer server;
  Replica a(server);
  server.Kill();
  WaitFor([&] { return a.metrics.up.value() == 0; });
  EXPECT_EQ(a.Take(a.Named(1)), Restore::kUnavailable);
  EXPECT_TRUE(a.store.Keep(a.Named(2), {"1", "state"}));
  WaitFor([&] { return a.metrics.lost.value() == 1; });
  EXPECT_GT(a.metrics.errors.value(), 0u);
  const int before = a.connected;  // the first time may have been before anybody listened
  server.Start();
  WaitFor([&] { return a.connected > before; });
  EXPECT_EQ(a.Take(a.Named(3)), Restore::kAbsent);
}

TEST(SequenceStoreTest, AnEraseWaitsForRedisToComeBack) {
  RedisServer server;
  Replica a(server);
  const auto name = a.Named(1);
  a.store.Keep(name, {"1", "state"});
  WaitFor([&] { return a.metrics.writes.value() == 1; });
  server.Kill();
  WaitFor([&] { return a.metrics.up.value() == 0; });
  a.store.Erase(name);
  server.Start();
  EXPECT_EQ(a.store.Finish(10 * kSecondNs), 0u);
}

TEST(SequenceStoreTest, AtTheEndWritesWaitForRedisAsLongAsTheyMay) {
  RedisServer server;
  Replica a(server);
  server.Kill();
  WaitFor([&] { return a.metrics.up.value() == 0; });
  std::thread restarter([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    server.Start();
  });
  EXPECT_EQ(a.store.Finish(0), 0u);  // nothing is left behind yet; from here on nothing is given up
  a.store.Keep(a.Named(1), {"1", "last", true, true});
  EXPECT_EQ(a.store.Finish(10 * kSecondNs), 0u);
  restarter.join();
  EXPECT_EQ(a.metrics.writes.value(), 1u);
}

TEST(SequenceStoreTest, AFullQueueTakesOnlyWhatMustBeTaken) {
  const RedisServer server;
  Replica a(server);
  const std::string large(SequenceStore::kMaxQueuedBytes + 1, 's');
  EXPECT_FALSE(a.store.Keep(a.Named(1), {"1", large}));
  EXPECT_EQ(a.metrics.full.value(), 1u);
  EXPECT_TRUE(a.store.Keep(a.Named(1), {"1", large, true, true}));
  EXPECT_EQ(a.store.Finish(30 * kSecondNs), 0u);
  EXPECT_EQ(a.metrics.writes.value(), 1u);
}

}  // namespace
}  // namespace recurd
