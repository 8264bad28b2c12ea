#include "recurd/durable_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <thread>

#include "recurd/errors.h"
#include "tests/unit/client/durable_fixture.h"

namespace recurd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// ---- what a new connection sends ----------------------------------------------------------------------------------

TEST_F(DurableSessionTest, AttachesWithTheLastCheckpointAndSendsOnlyWhatCameAfter) {
  a_.Script({{Mishap::kBeforeOutputs, 5}});
  DurableSession session = Open(Checkpoints(3));
  Count(session, 0, 6);
  ASSERT_EQ(b_.opens().size(), 1u);
  const v1::Open open = b_.opens()[0];
  EXPECT_EQ(open.mode(), v1::Open::ATTACH_OR_CREATE);
  EXPECT_EQ(open.session_id(), "secret1");
  EXPECT_EQ(open.version(), "1");
  EXPECT_EQ(open.state().step(), 3u);
  EXPECT_EQ(b_.chunks()[0].front().first_step(), 3u);
  EXPECT_EQ(b_.chunks()[0].size(), 3u);
  EXPECT_EQ(absl::Status(session.last_loss()).code(), absl::StatusCode::kUnavailable);
}

TEST_F(DurableSessionTest, BeforeTheFirstCheckpointItBeginsAtTheSequencesStart) {
  a_.Script({{Mishap::kBeforeOutputs, 5}});
  DurableSession session = Open();
  Count(session, 0, 6);
  EXPECT_FALSE(b_.opens()[0].has_state());
  EXPECT_TRUE(b_.chunks()[0].front().begin());
  EXPECT_EQ(b_.chunks()[0].size(), 6u);
}

TEST_F(DurableSessionTest, CreatesWhereAServerCanNotAttach) {
  FakeServer old({.attaches = false});
  a_.Script({{Mishap::kBeforeOutputs, 5}});
  v1::Open open = Checkpoints(3);
  open.set_model("sum");
  auto session = DurableSession::Open({a_.address(), old.address()}, open, Quick());
  ASSERT_TRUE(session.ok());
  Count(*session, 0, 8);
  ASSERT_EQ(old.opens().size(), 2u);
  EXPECT_EQ(old.opens()[1].mode(), v1::Open::CREATE);
  EXPECT_EQ(old.opens()[1].session_id(), "");
  EXPECT_EQ(old.opens()[1].state().step(), 3u);
}

TEST_F(DurableSessionTest, SurvivesTwoLossesInARowAndOneWhileReplaying) {
  a_.Script({{Mishap::kBeforeOutputs, 5}, {Mishap::kBeforeApplied, 1}});
  b_.Script({{Mishap::kBeforeOpened}, {Mishap::kAfterOutputs, 2}});
  DurableSession session = Open();
  Count(session, 0, 20);
  EXPECT_GE(session.resumed_count(), 2);
}

TEST_F(DurableSessionTest, GoesPastServersThatRefuseToConnect) {
  v1::Open open;
  open.set_model("sum");
  auto session = DurableSession::Open({kNobody, a_.address(), kNobody, b_.address()}, open, Quick());
  ASSERT_TRUE(session.ok()) << session.status();
  EXPECT_EQ(session->server(), a_.address());
  Count(*session, 0, 3);
  a_.Kill();
  Count(*session, 3, 3);
  EXPECT_EQ(session->server(), b_.address());
}

TEST_F(DurableSessionTest, GoesOnAtAServerThatComesBackAtOnce) {
  auto first = std::make_unique<FakeServer>();
  const int port = first->port();
  DurableOptions options = Quick();
  auto session = DurableSession::Open({first->address()}, "sum", options);
  ASSERT_TRUE(session.ok());
  Count(*session, 0, 3);
  first.reset();
  std::unique_ptr<FakeServer> second;
  std::thread restart([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(150));
    second = std::make_unique<FakeServer>(FakeServer::Options{.port = port});
  });
  const auto start = std::chrono::steady_clock::now();
  Count(*session, 3, 3);
  const auto took = std::chrono::steady_clock::now() - start;
  EXPECT_LT(took, std::chrono::milliseconds(800));  // a channel's own backoff would be 1 s and more
  restart.join();
}

TEST_F(DurableSessionTest, AServerThatRepairsItsPipelineIsLeftAtOnce) {
  a_.Script({{Mishap::kRepairs, 2}});
  DurableSession session = Open();
  const auto start = std::chrono::steady_clock::now();
  Count(session, 0, 4);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(800));
}

TEST_F(DurableSessionTest, ASilentServerIsLostAfterTheAnswerTimeout) {
  a_.Script({{Mishap::kSilent, 2}});
  DurableOptions options = Quick();
  options.answer_timeout_ms = 100;
  DurableSession session = Open({}, options);
  Count(session, 0, 4);
  EXPECT_EQ(session.server(), b_.address());
  EXPECT_THAT(std::string(session.last_loss().message()), HasSubstr("nothing was heard of it for 0."));
}

// ---- sequences ----------------------------------------------------------------------------------------------------

TEST_F(DurableSessionTest, SequencesEndAndBeginAcrossLosses) {
  a_.Script({{Mishap::kBeforeOutputs, 3}});
  b_.Script({{Mishap::kBeforeApplied, 2}});
  DurableSession session = Open(Checkpoints(1));
  Count(session, 0, 2);
  ASSERT_THAT(session.Run({1, 0}, {.end = true})->outputs(), ElementsAre(3));
  EXPECT_EQ(session.next_step(), 0u);
  Count(session, 0, 2);
  ASSERT_THAT(session.Run({5, 0}, {.begin = true})->outputs(), ElementsAre(5));
  EXPECT_THAT(*session.Step({1, 0}), ElementsAre(6));
}

TEST_F(DurableSessionTest, WhatASequenceBeganWithIsSentAgain) {
  v1::State start;
  start.add_values(100);
  a_.Script({{Mishap::kBeforeOutputs, 2}});
  DurableSession session = Open();
  ASSERT_THAT(session.Run({1, 0}, {.begin = true, .state = &start})->outputs(), ElementsAre(101));
  EXPECT_THAT(*session.Step({1, 0}), ElementsAre(102));
  EXPECT_THAT(*session.Step({1, 0}), ElementsAre(103));
  EXPECT_EQ(session.resumed_count(), 1);
}

TEST_F(DurableSessionTest, StartsFromAGivenStateAndKeepsIt) {
  v1::Open open;
  open.mutable_state()->set_step(7);
  open.mutable_state()->add_values(70);
  a_.Script({{Mishap::kBeforeOutputs, 1}});
  DurableSession session = Open(open);
  EXPECT_EQ(session.next_step(), 7u);
  EXPECT_THAT(*session.Step({1, 0}), ElementsAre(71));
  EXPECT_THAT(*session.Step({1, 0}), ElementsAre(72));
  EXPECT_EQ(b_.opens()[0].state().step(), 7u);
}

TEST_F(DurableSessionTest, RowsAreFewerWhereFewerOutputsAreWanted) {
  v1::Open open = Checkpoints(2);
  open.set_outputs(v1::Open::EVERY_KTH);
  open.set_output_stride(3);
  a_.Script({{Mishap::kBeforeOutputs, 2}});
  DurableSession session = Open(open);
  EXPECT_THAT(session.Run({1, 0, 1, 0})->outputs(), IsEmpty());
  EXPECT_THAT(session.Run({1, 0, 1, 0})->outputs(), ElementsAre(3));
  const auto outputs = session.Run({1, 0, 1, 0});
  EXPECT_THAT(outputs->outputs(), ElementsAre(6));
  EXPECT_EQ(session.StepOfRow(*outputs, 0), 5u);
}

// ---- attaching to somebody else's session -------------------------------------------------------------------------

TEST_F(DurableSessionTest, GoesOnInTheMiddleOfASessionAndAsksForItsStateFirst) {
  DurableSession first = Open();
  Count(first, 0, 3);
  v1::Open open;
  open.set_mode(v1::Open::ATTACH);
  open.set_session_id(first.opened().session_id());
  a_.Script({{Mishap::kBeforeOutputs, 2}});
  DurableSession second = Open(open);
  Count(second, 3, 5);
  EXPECT_TRUE(a_.chunks()[1][0].checkpoint());
  EXPECT_EQ(b_.opens().back().state().step(), 5u);
}

TEST_F(DurableSessionTest, SaysWhatIsLostWhenAnAttachedSessionGoesBeforeItsStateCame) {
  DurableSession first = Open();
  Count(first, 0, 3);
  v1::Open open;
  open.set_mode(v1::Open::ATTACH);
  open.set_session_id(first.opened().session_id());
  a_.Script({{Mishap::kBeforeOutputs, 0}});
  DurableSession second = Open(open);
  const absl::Status lost = second.Step({1, 0}).status();
  EXPECT_FALSE(lost.ok());
  EXPECT_THAT(std::string(lost.message()), HasSubstr("no checkpoint has come since it was attached to"));
}

// ---- the rest of the interface ------------------------------------------------------------------------------------

TEST_F(DurableSessionTest, WrongLengthsAreRefusedBeforeTheyAreSent) {
  DurableSession session = Open();
  EXPECT_THAT(session.Step({1}).status().ToString(), HasSubstr("takes 2 floats, not 1"));
  EXPECT_THAT(session.Run({1, 2, 3}).status().ToString(), HasSubstr("rows of 2 floats, not 3"));
  EXPECT_THAT(session.Run(std::vector<float>(130)).status().ToString(), HasSubstr("at most 64 steps, not 65"));
  v1::State state;
  state.mutable_values()->Resize(1 << 18, 0);
  EXPECT_THAT(session.Run({1, 0}, {.begin = true, .state = &state}).status().ToString(),
              HasSubstr("above the server's limit of 1048576 for a message"));
  ASSERT_TRUE(session.Send({1, 0}).ok());
  EXPECT_EQ(session.Run({1, 0}).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(DurableSessionTest, CloseTellsTheServerAndALostOneNeedsNoTelling) {
  DurableSession session = Open();
  Count(session, 0, 1);
  EXPECT_TRUE(session.Close().ok());
  EXPECT_EQ(a_.closed_count(), 1);
  EXPECT_FALSE(session.Step({1, 0}).ok());
  DurableSession lost = Open();
  Count(lost, 0, 1);
  a_.Kill();
  EXPECT_TRUE(lost.Close().ok());
}

TEST_F(DurableSessionTest, CancelEndsAWaitFromAnotherThread) {
  DurableSession session = Open();
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    session.Cancel();
  });
  EXPECT_EQ(session.Step({4000, 0}).status().code(), absl::StatusCode::kCancelled);
  other.join();
}

TEST_F(DurableSessionTest, CancelEndsTheWaitForAServer) {
  DurableOptions options = Quick();
  options.resume_timeout_ms = 60000;
  auto session = DurableSession::Open({a_.address()}, "sum", options);
  ASSERT_TRUE(session.ok());
  a_.Kill();
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    session->Cancel();
  });
  EXPECT_EQ(session->Step({1, 0}).status().code(), absl::StatusCode::kCancelled);
  other.join();
}

}  // namespace
}  // namespace recurd
