#include "recurd/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "recurd/client.h"
#include "tests/unit/client/fake_server.h"

namespace recurd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class SessionTest : public ::testing::Test {
 protected:
  Session Open(v1::Open open = {}) {
    open.set_model("sum");
    absl::StatusOr<Session> session = client_.Open(open);
    EXPECT_TRUE(session.ok()) << session.status();
    return *std::move(session);
  }

  FakeServer server_;
  Client client_ = *Client::Connect(server_.address());
};

TEST_F(SessionTest, StepsKeepTheState) {
  Session session = Open();
  EXPECT_THAT(*session.Step({1, 2}), ElementsAre(3));
  EXPECT_THAT(*session.Step({10, 20}), ElementsAre(33));
  EXPECT_EQ(session.next_step(), 2u);
}

TEST_F(SessionTest, RunTakesAChunkAndEchoesItsTag) {
  Session session = Open();
  const auto outputs = session.Run({1, 1, 1, 1, 1, 1}, {.client_tag = 42});
  ASSERT_TRUE(outputs.ok()) << outputs.status();
  EXPECT_THAT(outputs->outputs(), ElementsAre(2, 4, 6));
  EXPECT_EQ(outputs->client_tag(), 42u);
  EXPECT_EQ(outputs->pipeline_ns(), 2000u);
}

TEST_F(SessionTest, ASequenceEndsAndTheNextBegins) {
  Session session = Open();
  ASSERT_TRUE(session.Run({1, 1}, {.end = true}).ok());
  EXPECT_THAT(*session.Step({5, 5}), ElementsAre(10));
  EXPECT_THAT(session.Run({7, 0}, {.begin = true})->outputs(), ElementsAre(7));
}

TEST_F(SessionTest, AnswersToChunksOnTheirWayComeInOrder) {
  Session session = Open();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(session.Send({1, 0}).ok());
  EXPECT_EQ(session.outstanding(), 3);
  EXPECT_EQ(session.Run({1, 0}).status().code(), absl::StatusCode::kFailedPrecondition);
  for (int i = 1; i <= 3; ++i) EXPECT_THAT(session.Receive()->outputs(), ElementsAre(i));
  EXPECT_EQ(session.outstanding(), 0);
}

TEST_F(SessionTest, OneThreadSendsWhileAnotherReceives) {
  Session session = Open();
  std::thread sender([&] {
    for (int i = 0; i < 1000; ++i) EXPECT_TRUE(session.Send({1, 0}).ok());
  });
  for (int i = 1; i <= 1000; ++i) ASSERT_THAT(session.Receive()->outputs(), ElementsAre(i));
  sender.join();
}

TEST_F(SessionTest, ARefusalNamesTheExpectedStepAndTheSessionGoesOn) {
  Session session = Open();
  ASSERT_TRUE(session.Step({1, 0}).ok());
  const absl::Status refused = session.Step({3000, 0}).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(refused.message()), HasSubstr(server_.address()));
  EXPECT_THAT(std::string(refused.message()), HasSubstr("try again in 7 ms"));
  ASSERT_TRUE(RefusalOf(refused));
  EXPECT_EQ(RefusalOf(refused)->expected_step(), 1u);
  EXPECT_EQ(RefusalOf(refused)->retry_after_ms(), 7u);
  EXPECT_FALSE(EndOf(refused));
  EXPECT_THAT(*session.Step({3000, 0}), ElementsAre(3001));
}

TEST_F(SessionTest, WhatStandsBehindARefusedChunkIsRefusedTooAndAllCanBeSentAgain) {
  Session session = Open();
  ASSERT_TRUE(session.Send({3000, 0}).ok());
  ASSERT_TRUE(session.Send({1, 0}).ok());
  EXPECT_EQ(session.Receive().status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(session.Receive().status().code(), absl::StatusCode::kAborted);
  EXPECT_THAT(*session.Step({3000, 0}), ElementsAre(3000));
  EXPECT_THAT(*session.Step({1, 0}), ElementsAre(3001));
}

TEST_F(SessionTest, WrongLengthsAreRefusedBeforeTheyAreSent) {
  Session session = Open();
  EXPECT_THAT(session.Step({1}).status().ToString(), HasSubstr("takes 2 floats, not 1"));
  EXPECT_THAT(session.Run({1, 2, 3}).status().ToString(), HasSubstr("rows of 2 floats, not 3"));
  EXPECT_FALSE(session.Run({}).ok());
  EXPECT_THAT(session.Run(std::vector<float>(130)).status().ToString(), HasSubstr("at most 64 steps, not 65"));
  v1::State state;
  state.mutable_values()->Resize(1 << 18, 0);
  EXPECT_THAT(session.Run({1, 0}, {.begin = true, .state = &state}).status().ToString(),
              HasSubstr("above the server's limit of 1048576 for a message"));
  EXPECT_EQ(session.next_step(), 0u);
}

TEST_F(SessionTest, AnEndSaysHowAndStays) {
  Session session = Open();
  const absl::Status ended = session.Step({1000, 0}).status();
  EXPECT_EQ(ended.code(), absl::StatusCode::kInternal);
  ASSERT_TRUE(EndOf(ended));
  EXPECT_EQ(EndOf(ended)->reason(), v1::Ended::FAILED);
  EXPECT_EQ(session.Step({1, 0}).status(), ended);
}

TEST_F(SessionTest, ALostStreamIsUnavailableAndStaysSo) {
  Session session = Open();
  const absl::Status lost = session.Step({2000, 0}).status();
  EXPECT_EQ(lost.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(lost.message()), HasSubstr("gone"));
  EXPECT_EQ(session.Step({1, 0}).status(), lost);
}

TEST_F(SessionTest, CancelEndsAWaitFromAnotherThread) {
  Session session = Open();
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    session.Cancel();
  });
  EXPECT_EQ(session.Step({4000, 0}).status().code(), absl::StatusCode::kCancelled);
  other.join();
}

TEST_F(SessionTest, OnlyCloseTellsTheServer) {
  { const Session left = Open(); }
  Session session = Open();
  EXPECT_TRUE(session.Close().ok());
  EXPECT_EQ(session.Step({1, 1}).status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(server_.closed_count(), 1);
}

TEST_F(SessionTest, EveryCallAfterCloseGivesTheSameError) {
  Session session = Open();
  ASSERT_TRUE(session.Close().ok());
  const absl::Status closed = session.Close();
  EXPECT_EQ(closed.code(), absl::StatusCode::kCancelled);
  ASSERT_TRUE(EndOf(closed));
  EXPECT_EQ(EndOf(closed)->reason(), v1::Ended::CLOSED);
  EXPECT_EQ(session.Send({1, 1}), closed);
  EXPECT_EQ(session.Receive().status(), closed);
  EXPECT_EQ(server_.closed_count(), 1);
}

TEST_F(SessionTest, ACheckpointOpensASessionThatGoesOn) {
  v1::Open open;
  open.set_checkpoint_steps(1);
  Session session = Open(open);
  EXPECT_FALSE(session.checkpoint());
  ASSERT_TRUE(session.Step({1, 2}).ok());
  ASSERT_TRUE(session.Close().ok());
  ASSERT_TRUE(session.checkpoint());
  EXPECT_EQ(session.checkpoint()->step(), 1u);
  *open.mutable_state() = *session.checkpoint();
  Session resumed = Open(open);
  EXPECT_EQ(resumed.next_step(), 1u);
  EXPECT_THAT(*resumed.Step({10, 0}), ElementsAre(13));
}

TEST_F(SessionTest, RowsKnowTheirStepsForEverySelection) {
  v1::Open open;
  open.set_outputs(v1::Open::EVERY_KTH);
  open.set_output_stride(3);
  Session session = Open(open);
  auto outputs = session.Run(std::vector<float>(8));  // steps 0 to 3: row of step 2
  ASSERT_EQ(outputs->outputs_size(), 1);
  EXPECT_EQ(session.StepOfRow(*outputs, 0), 2u);
  outputs = session.Run(std::vector<float>(10));  // steps 4 to 8: rows of steps 5 and 8
  ASSERT_EQ(outputs->outputs_size(), 2);
  EXPECT_EQ(session.StepOfRow(*outputs, 0), 5u);
  EXPECT_EQ(session.StepOfRow(*outputs, 1), 8u);

  open.set_outputs(v1::Open::LAST_OF_CHUNK);
  Session last = Open(open);
  EXPECT_EQ(last.StepOfRow(*last.Run(std::vector<float>(8)), 0), 3u);
}

TEST_F(SessionTest, OutlivesItsClient) {
  std::optional<Session> session;
  {
    const Client client = *Client::Connect(server_.address());
    session = *client.Open("sum");
  }
  EXPECT_THAT(*session->Step({1, 2}), ElementsAre(3));
}

}  // namespace
}  // namespace recurd
