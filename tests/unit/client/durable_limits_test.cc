// What a durable session refuses, what ends it, and how much it keeps.
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

// ---- refusals and ends --------------------------------------------------------------------------------------------

TEST_F(DurableSessionTest, ARefusedChunkIsTheCallersAndTheSessionGoesOn) {
  a_.Script({{Mishap::kBeforeApplied, 3}});
  DurableSession session = Open();
  Count(session, 0, 2);
  const absl::Status refused = session.Step({3000, 0}).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  ASSERT_TRUE(RefusalOf(refused));
  EXPECT_EQ(RefusalOf(refused)->expected_step(), 2u);
  Count(session, 2, 3);
  EXPECT_EQ(session.server(), b_.address());
}

TEST_F(DurableSessionTest, WhatWasBuiltOnARefusedChunkIsRefusedAndANewSequenceBehindItIsNot) {
  DurableSession session = Open();
  Count(session, 0, 1);
  ASSERT_TRUE(session.Send({3000, 0}).ok());
  ASSERT_TRUE(session.Send({1, 0}).ok());
  ASSERT_TRUE(session.Send({9, 0}, {.begin = true}).ok());
  EXPECT_EQ(session.Receive().status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(session.Receive().status().code(), absl::StatusCode::kAborted);
  EXPECT_THAT(session.Receive()->outputs(), ElementsAre(9));
  EXPECT_THAT(*session.Step({1, 0}), ElementsAre(10));
  EXPECT_EQ(session.resumed_count(), 0);
}

TEST_F(DurableSessionTest, WhatAServerEndsForGoodIsOver) {
  for (const auto reason : {v1::Ended::TAKEN_OVER, v1::Ended::CLOSED, v1::Ended::FAILED, v1::Ended::EVICTED}) {
    a_.Script({{Mishap::kEnds, 1, reason}});
    DurableSession session = Open();
    Count(session, 0, 1);
    const absl::Status ended = session.Step({1, 0}).status();
    ASSERT_TRUE(EndOf(ended)) << ended;
    EXPECT_EQ(EndOf(ended)->reason(), reason);
    EXPECT_EQ(session.Step({1, 0}).status(), ended);
    EXPECT_EQ(session.Close(), ended);
  }
}

// It must not go on elsewhere, as a second one of the session that somebody else has now.
TEST_F(DurableSessionTest, BeingTakenOverDuringAReplayIsTheEnd) {
  a_.Script({{Mishap::kBeforeApplied, 3}});
  b_.Script({{Mishap::kTakesOver, 0}});
  DurableSession session = Open();
  Count(session, 0, 3);
  const absl::Status ended = session.Step({1, 0}).status();
  ASSERT_TRUE(EndOf(ended)) << ended;
  EXPECT_EQ(EndOf(ended)->reason(), v1::Ended::TAKEN_OVER);
  EXPECT_EQ(a_.opens().size(), 1u);
  EXPECT_EQ(b_.opens().size(), 1u);
}

TEST_F(DurableSessionTest, AnExpiredSessionComesBackOnlyWhenThereIsSomethingToSend) {
  a_.Script({{Mishap::kAfterCheckpoint, 1, v1::Ended::EXPIRED}});
  DurableSession session = Open();
  Count(session, 0, 2);
  std::thread receiver([&] { EXPECT_THAT(session.Receive()->outputs(), ElementsAre(3)); });
  std::this_thread::sleep_for(std::chrono::milliseconds(150));
  EXPECT_EQ(b_.opens().size(), 0u);
  EXPECT_TRUE(session.Send({1, 0}).ok());
  receiver.join();
  EXPECT_EQ(b_.opens().size(), 1u);
}

TEST_F(DurableSessionTest, AServerThatGoesOnAtAnotherStepIsNotTaken) {
  a_.Script({{Mishap::kBeforeApplied, 5}});
  b_.Script({{Mishap::kOpensElsewhere}});
  DurableSession session = Open(Checkpoints(2));
  Count(session, 0, 8);
  EXPECT_EQ(session.server(), a_.address());
}

TEST_F(DurableSessionTest, WithConsentToAnotherProfileOtherBitsInAReplayAreNone) {
  FakeServer other({.profile = "f32/other"});
  other.Script({{Mishap::kOtherBits, 1}});
  v1::Open open;
  open.set_model("sum");
  open.set_allow_profile_change(true);
  auto session = DurableSession::Open({a_.address(), other.address()}, open, Quick());
  ASSERT_TRUE(session.ok());
  Count(*session, 0, 2);
  a_.Kill();
  Count(*session, 2, 2);
}

TEST_F(DurableSessionTest, WithNobodyLeftItNamesEveryServerAndWhatItSaid) {
  FakeServer other({.profile = "f32/other"});
  DurableOptions options = Quick();
  options.resume_timeout_ms = 200;
  auto session = DurableSession::Open({a_.address(), kNobody, other.address()}, "sum", options);
  ASSERT_TRUE(session.ok());
  Count(*session, 0, 2);
  a_.Kill();
  const absl::Status lost = session->Step({1, 0}).status();
  EXPECT_EQ(lost.code(), absl::StatusCode::kUnavailable);
  for (const std::string& text : {"recurd at " + a_.address() + ": ", "recurd at " + std::string(kNobody) + ": ",
                                  "recurd at " + other.address() + ": it computes under numerics profile 'f32/other'",
                                  std::string("no server of the list took the session within 0.2 s")}) {
    EXPECT_THAT(std::string(lost.message()), HasSubstr(text));
  }
  EXPECT_EQ(session->Step({1, 0}).status(), lost);
}

TEST_F(DurableSessionTest, AnotherNumericsProfileNeedsConsent) {
  FakeServer other({.profile = "f32/other"});
  v1::Open open;
  open.set_model("sum");
  open.set_allow_profile_change(true);
  auto session = DurableSession::Open({a_.address(), other.address()}, open, Quick());
  ASSERT_TRUE(session.ok());
  Count(*session, 0, 2);
  a_.Kill();
  Count(*session, 2, 2);
  EXPECT_EQ(session->server(), other.address());
}

TEST_F(DurableSessionTest, AnotherModelOfTheSameNameIsNotTaken) {
  FakeServer other({.fingerprint = "another"});
  DurableOptions options = Quick();
  options.resume_timeout_ms = 100;
  auto session = DurableSession::Open({a_.address(), other.address()}, "sum", options);
  ASSERT_TRUE(session.ok());
  a_.Kill();
  EXPECT_THAT(std::string(session->Step({1, 0}).status().message()), HasSubstr("fingerprint 'another'"));
}

TEST_F(DurableSessionTest, OtherBitsInAReplayAreAnError) {
  a_.Script({{Mishap::kBeforeApplied, 3}});
  b_.Script({{Mishap::kOtherBits, 1}});
  DurableSession session = Open();
  Count(session, 0, 3);
  EXPECT_EQ(session.Step({1, 0}).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(DurableSessionTest, NobodyAtTheBeginningIsSaidWithinTheConnectTimeout) {
  DurableOptions options = Quick();
  options.client.connect_timeout_ms = 0;
  const auto session = DurableSession::Open({kNobody, "127.0.0.1:2"}, "sum", options);
  EXPECT_EQ(session.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(session.status().message()), HasSubstr("recurd at 127.0.0.1:2: "));
  const auto unknown = DurableSession::Open({a_.address()}, "nope", options);
  EXPECT_EQ(unknown.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(unknown.status().message()), HasSubstr("model 'nope' is not served"));
}

TEST_F(DurableSessionTest, WrongOptionsAndListsAreRefused) {
  EXPECT_EQ(DurableSession::Open({}, "sum").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(DurableSession::Open({"nowhere"}, "sum").status().code(), absl::StatusCode::kInvalidArgument);
  DurableOptions options;
  options.replay_bytes = 100;
  EXPECT_THAT(std::string(DurableSession::Open({a_.address()}, "sum", options).status().message()),
              HasSubstr("replay_bytes=100: give at least 4096"));
}

// ---- bounded memory -----------------------------------------------------------------------------------------------

TEST_F(DurableSessionTest, ALongSequenceStaysWithinTheReplayMemory) {
  DurableOptions options = Quick();
  options.replay_bytes = 8192;  // about 30 chunks
  DurableSession session = Open({}, options);
  Count(session, 0, 500);
  a_.Kill();
  Count(session, 500, 100);
  EXPECT_LT(b_.chunks()[0].size(), 100u + 30);
  EXPECT_GT(b_.opens()[0].state().step(), 460u);
}

TEST_F(DurableSessionTest, AFullMemoryHoldsTheSenderBackAndLosesNothing) {
  DurableOptions options = Quick();
  options.replay_bytes = 4096;
  options.answer_timeout_ms = 100;
  DurableSession session = Open({}, options);
  const std::vector<float> big(2 * 64, 1);  // 512 bytes and 256
  EXPECT_TRUE(session.Run(big).ok());
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(session.Send(big).ok()) << i;
  const absl::Status held = session.Send(big);
  EXPECT_EQ(held.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(held.message()), HasSubstr("4 answers were not received (limit 4)"));
  for (int i = 0; i < 4; ++i) {
    const auto outputs = session.Receive();
    ASSERT_TRUE(outputs.ok()) << outputs.status();
    EXPECT_EQ(outputs->outputs(0), 128 * (i + 1) + 2);
  }
  EXPECT_TRUE(session.Run(big).ok());
}

TEST_F(DurableSessionTest, AFullMemoryHoldsASenderBackUntilAnAnswerMakesRoom) {
  DurableOptions options = Quick();
  options.replay_bytes = 4096;
  v1::State state;
  state.mutable_values()->Resize(300, 0);  // 1464 bytes a chunk: two fit
  a_.SetDelay(std::chrono::milliseconds(100));
  DurableSession session = Open({}, options);
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(session.Send({1, 0}, {.begin = true, .state = &state}).ok());
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(100));
  for (int i = 0; i < 3; ++i) EXPECT_THAT(session.Receive()->outputs(), ElementsAre(1));
}

TEST_F(DurableSessionTest, ASenderGoesOnAsSoonAsAnAnswerIsTaken) {
  DurableOptions options = Quick();
  options.answer_timeout_ms = 20000;
  DurableSession session = Open({}, options);
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(session.Send({1, 0}).ok());
  std::thread sender([&] { EXPECT_TRUE(session.Send({1, 0}).ok()); });
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(session.Receive().ok());
  sender.join();
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST_F(DurableSessionTest, AChunkThatNeverFitsIsRefused) {
  DurableOptions options = Quick();
  options.replay_bytes = 4096;
  v1::State state;
  for (int i = 0; i < 1000; ++i) state.add_values(0);
  DurableSession session = Open({}, options);
  EXPECT_THAT(std::string(session.Run({1, 0}, {.begin = true, .state = &state}).status().message()),
              HasSubstr("more than half of the replay memory, which is limited to 4096 bytes"));
  Count(session, 0, 1);
}

}  // namespace
}  // namespace recurd
