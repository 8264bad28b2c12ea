// Exactly once: a loss at each point of a stream, and what the next connection sends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/unit/client/durable_fixture.h"

namespace recurd {
namespace {

using ::testing::ElementsAre;

struct Loss {
  const char* name;
  Mishap mishap;
};
class DurableLossTest : public DurableSessionTest, public ::testing::WithParamInterface<Loss> {};

INSTANTIATE_TEST_SUITE_P(All, DurableLossTest,
                         ::testing::Values(Loss{"BeforeTheFirstChunk", {Mishap::kBeforeApplied, 0}},
                                           Loss{"BetweenChunks", {Mishap::kBeforeApplied, 5}},
                                           Loss{"ReplyLost", {Mishap::kBeforeOutputs, 5}},
                                           Loss{"FirstReplyLost", {Mishap::kBeforeOutputs, 0}},
                                           Loss{"BeforeACheckpoint", {Mishap::kAfterOutputs, 5}},
                                           Loss{"BehindACheckpoint", {Mishap::kAfterCheckpoint, 5}},
                                           Loss{"Drained", {Mishap::kDrains, 5}},
                                           Loss{"Repaired", {Mishap::kRepairs, 5}},
                                           Loss{"Restarted", {Mishap::kEnds, 5, v1::Ended::RESTARTED}},
                                           Loss{"Expired", {Mishap::kEnds, 5, v1::Ended::EXPIRED}},
                                           Loss{"Unloaded", {Mishap::kEnds, 5, v1::Ended::MODEL_UNLOADED}}),
                         [](const auto& info) { return info.param.name; });

TEST_P(DurableLossTest, EachStepComesOnceWithoutCheckpoints) {
  a_.Script({GetParam().mishap});
  DurableSession session = Open();
  Count(session, 0, 12);
  EXPECT_EQ(session.resumed_count(), 1);
  EXPECT_EQ(session.server(), b_.address());
}

TEST_P(DurableLossTest, EachStepComesOnceFromTheLastCheckpoint) {
  a_.Script({GetParam().mishap});
  DurableSession session = Open(Checkpoints(3));
  Count(session, 0, 12);
  EXPECT_EQ(session.resumed_count(), 1);
}

TEST_P(DurableLossTest, EachStepComesOnceWhereSessionsAreCreatedOnly) {
  FakeServer a({.attaches = false}), b({.attaches = false});
  a.Script({GetParam().mishap});
  auto session = DurableSession::Open({a.address(), b.address()}, "sum", Quick());
  ASSERT_TRUE(session.ok()) << session.status();
  Count(*session, 0, 12);
}

TEST_P(DurableLossTest, EachStepComesOnceAtTheSameServer) {
  if (GetParam().mishap.reason == v1::Ended::MODEL_UNLOADED) return;  // there it can't go on
  a_.Script({GetParam().mishap});
  auto session = DurableSession::Open({a_.address()}, "sum", Quick());
  ASSERT_TRUE(session.ok()) << session.status();
  Count(*session, 0, 12);
  EXPECT_EQ(session->resumed_count(), 1);
}

TEST_P(DurableLossTest, ChunksOnTheirWayComeOnceAndInOrder) {
  a_.Script({GetParam().mishap, {Mishap::kBeforeOutputs, 2}});
  b_.Script({GetParam().mishap});
  DurableSession session = Open(Checkpoints(4));
  std::thread sender([&] {
    for (int i = 0; i < 200; ++i) EXPECT_TRUE(session.Send({1, 0, 1, 0}, {.client_tag = uint64_t(i)}).ok());
  });
  for (int i = 0; i < 200; ++i) {
    const auto outputs = session.Receive();
    ASSERT_TRUE(outputs.ok()) << outputs.status();
    ASSERT_THAT(outputs->outputs(), ElementsAre(2 * i + 1, 2 * i + 2));
    ASSERT_EQ(outputs->client_tag(), uint64_t(i));
  }
  sender.join();
  EXPECT_GE(session.resumed_count(), 2);
}

}  // namespace
}  // namespace recurd
