// As many sessions as a server is said to take, and what happens when all of them end at once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

#include "tests/unit/fakes/in_process_server.h"
#include "tests/unit/fakes/test_stream.h"

namespace recurd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int kSessions = 10'000;

struct Crowd {
  explicit Crowd(InProcessServer& server) {
    for (int i = 0; i < kSessions; ++i) {
      streams.push_back(std::make_unique<TestStream>(server, std::chrono::seconds(300)));
      streams.back()->Open();
      if (!streams.back()->Receive().has_opened()) ADD_FAILURE() << "session " << i;
    }
  }
  void Leave() {
    for (auto& stream : streams) stream->context.TryCancel();
  }
  std::vector<std::unique_ptr<TestStream>> streams;
};

TEST(ManySessionsTest, TenThousandAreServedAndOneMoreThanAllowedIsRefusedAtOnce) {
  InProcessServer server({.max_sessions = kSessions});
  Crowd crowd(server);
  EXPECT_EQ(server.metrics().server.sessions_active.value(), kSessions);
  TestStream one_more(server);
  one_more.Open();
  const grpc::Status status = one_more.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_message(), HasSubstr("all 10000 sessions are taken (--max_sessions); try again in 1000 ms"));
  for (int i = 0; i < kSessions; i += 97) crowd.streams[static_cast<size_t>(i)]->SendChunk(0, {static_cast<float>(i)});
  for (int i = 0; i < kSessions; i += 97) {
    EXPECT_THAT(crowd.streams[static_cast<size_t>(i)]->Receive().outputs().outputs(),
                ElementsAre(static_cast<float>(i)));
  }
  crowd.Leave();
}

TEST(ManySessionsTest, WhenTenThousandExpireTogetherTheOthersAreServedOn) {
  InProcessServer server({.max_sessions = kSessions + 1, .linger_ns = 1'500'000'000});
  TestStream survivor(server, std::chrono::seconds(300));
  survivor.Open();
  survivor.Receive();
  Crowd crowd(server);
  crowd.Leave();
  uint64_t step = 0;
  WaitFor([&] {
    survivor.SendChunk(step++, {1});
    EXPECT_THAT(survivor.Receive().outputs().outputs(), ElementsAre(static_cast<float>(step)));
    return server.metrics().server.sessions_active.value() == 1;
  });
  EXPECT_EQ(server.metrics().server.sessions_ended[static_cast<size_t>(EndReason::kExpired)].value(),
            static_cast<uint64_t>(kSessions));
  EXPECT_EQ(server.metrics().server.sessions_detached.value(), 0);
}

}  // namespace
}  // namespace recurd
