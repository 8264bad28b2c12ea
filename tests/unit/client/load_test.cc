#include "client/recurctl/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/client/fake_server.h"

namespace recurd {
namespace {

constexpr int64_t kMs = 1'000'000;

class LoadTest : public ::testing::Test {
 protected:
  LoadTest() {
    options_.server = server_.address();
    options_.open.set_model("sum");
    options_.input_size = 2;
    options_.duration_ns = 300 * kMs;
  }

  absl::Status Run() { return RunLoad(options_, progress_, &result_); }

  FakeServer server_;
  LoadOptions options_;
  LoadResult result_;
  LoadProgress progress_ = [](double, const LoadResult&) { return true; };
};

TEST_F(LoadTest, ClosedLoopCountsMessagesAndStepsAndClosesItsSessions) {
  options_.streams = 3;
  options_.chunk_steps = 5;
  ASSERT_TRUE(Run().ok());
  EXPECT_GT(result_.messages, 10u);
  EXPECT_EQ(result_.steps, 5 * result_.messages);
  EXPECT_GE(result_.latency.count(), result_.messages);
  EXPECT_EQ(result_.measured_ns, 300 * kMs);
  EXPECT_EQ(result_.broken_streams, 0);
  EXPECT_EQ(result_.first_error, "");
  EXPECT_EQ(server_.closed_count(), 3);
}

TEST_F(LoadTest, ClosedLoopKeepsOneMessageOnItsWay) {
  server_.SetDelay(std::chrono::milliseconds(20));
  ASSERT_TRUE(Run().ok());
  EXPECT_GE(result_.latency.Percentile(0), 19 * kMs);
  EXPECT_LE(result_.messages, 15u);
}

TEST_F(LoadTest, OpenLoopSendsWhatIsDue) {
  options_.rate = 100;
  options_.streams = 2;
  ASSERT_TRUE(Run().ok());
  EXPECT_GE(result_.latency.count(), 58u);
  EXPECT_LE(result_.latency.count(), 62u);
  EXPECT_EQ(result_.unsent, 0u);
}

TEST_F(LoadTest, OpenLoopCountsTheWaitBehindSlowAnswers) {
  server_.SetDelay(std::chrono::milliseconds(20));
  options_.rate = 200;  // four times what is served: the backlog grows to 225 ms
  ASSERT_TRUE(Run().ok());
  EXPECT_GT(result_.unsent, 30u);
  EXPECT_EQ(result_.latency.count(), 60u);
  EXPECT_GT(result_.latency.max_ns(), 150 * kMs);
  EXPECT_GT(result_.latency.Percentile(0.3), 45 * kMs);
  EXPECT_LT(result_.from_send.Percentile(0.5), 60 * kMs);
}

TEST_F(LoadTest, TheWarmUpIsNotCounted) {
  server_.SetDelay(std::chrono::milliseconds(10));
  options_.warmup_ns = 200 * kMs;
  options_.duration_ns = 100 * kMs;
  ASSERT_TRUE(Run().ok());
  EXPECT_LE(result_.messages, 10u);
  EXPECT_LE(result_.latency.count(), 11u);
}

TEST_F(LoadTest, EndsEarlyWhenToldTo) {
  options_.duration_ns = 60'000 * kMs;
  progress_ = [](double seconds, const LoadResult&) { return seconds < 0.2; };
  ASSERT_TRUE(Run().ok());
  EXPECT_LT(result_.measured_ns, 5'000 * kMs);
  EXPECT_GT(result_.messages, 0u);
  EXPECT_EQ(server_.closed_count(), 1);
}

TEST_F(LoadTest, SaysWhyNoStreamOpened) {
  options_.open.set_model("nope");
  EXPECT_THAT(std::string(Run().message()), ::testing::HasSubstr("model 'nope' is not served"));
  EXPECT_EQ(result_.broken_streams, 1);
}

TEST(CheckChunkStepsTest, NamesTheLimitThatAMessageIsAbove) {
  v1::GetModelResponse model;
  model.set_input_size(1000);
  model.set_output_size(4096);
  v1::GetServerInfoResponse server;
  server.set_max_chunk_steps(1'000'000);
  server.set_max_message_bytes(16 << 20);
  EXPECT_TRUE(CheckChunkSteps(1024, model, server).ok());
  EXPECT_THAT(std::string(CheckChunkSteps(1025, model, server).message()),
              ::testing::HasSubstr(
                  "16793600 bytes, above the daemon's limit of 16777216 bytes: choose a --chunk of at most 1024"));
  EXPECT_THAT(std::string(CheckChunkSteps(1'000'001, model, server).message()),
              ::testing::HasSubstr("limit of 1000000 steps"));
}

TEST(CheckChunkStepsTest, HoldsForSizesBeyond32Bits) {
  v1::GetModelResponse model;
  model.set_input_size(1u << 31);
  v1::GetServerInfoResponse server;
  server.set_max_chunk_steps(1 << 20);
  server.set_max_message_bytes(16 << 20);
  EXPECT_EQ(CheckChunkSteps(1 << 20, model, server).code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace recurd
