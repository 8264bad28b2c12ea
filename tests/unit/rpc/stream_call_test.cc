#include "server/rpc/stream_call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <limits>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "proto/recurd/v1/recurd.grpc.pb.h"
#include "tests/unit/fakes/in_process_server.h"
#include "tests/unit/fakes/test_stream.h"

namespace recurd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(StreamCallTest, OpensAnswersChunksAndCloses) {
  InProcessServer server;
  TestStream stream(server);
  stream.Open();
  const v1::StreamResponse opened = stream.Receive();
  EXPECT_EQ(opened.opened().session_id().size(), 32u);
  EXPECT_EQ(opened.opened().next_step(), 0u);
  stream.SendChunk(0, {1, 2}, 77);
  const v1::StreamResponse outputs = stream.Receive();
  EXPECT_THAT(outputs.outputs().outputs(), ElementsAre(1, 3));
  EXPECT_EQ(outputs.outputs().client_tag(), 77u);
  v1::StreamRequest close;
  close.mutable_close();
  stream.Send(close);
  EXPECT_EQ(stream.Receive().ended().reason(), v1::Ended::CLOSED);
  EXPECT_TRUE(stream.Finish().ok());
}

TEST(StreamCallTest, AnswersEverythingSentBeforeTheSendingSideClosed) {
  InProcessServer server;
  TestStream stream(server);
  stream.Open();
  for (uint64_t i = 0; i < 100; ++i) stream.SendChunk(i, {1});
  stream.stream->WritesDone();
  EXPECT_TRUE(stream.Receive().has_opened());
  for (uint64_t i = 0; i < 100; ++i) EXPECT_EQ(stream.Receive().outputs().first_step(), i);
  EXPECT_EQ(stream.Receive().ended().reason(), v1::Ended::CLOSED);
  EXPECT_TRUE(stream.Finish().ok());
}

TEST(StreamCallTest, AStreamThatStartsWithoutOpenFails) {
  InProcessServer server;
  TestStream stream(server);
  stream.SendChunk(0, {1});
  const grpc::Status status = stream.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), HasSubstr("first message"));
}

TEST(StreamCallTest, ASecondOpenIsRefusedAndTheSessionGoesOn) {
  InProcessServer server;
  TestStream stream(server);
  stream.Open();
  stream.Receive();
  stream.Open();
  EXPECT_EQ(stream.Receive().refused().code(), static_cast<int>(absl::StatusCode::kFailedPrecondition));
  stream.SendChunk(0, {5});
  EXPECT_THAT(stream.Receive().outputs().outputs(), ElementsAre(5));
}

TEST(StreamCallTest, AnUnknownModelIsNotFoundNamingThoseThatAre) {
  InProcessServer server;
  for (const std::string name : {"nobody", "../../etc/passwd", "", "adder\n"}) {
    TestStream stream(server);
    stream.Open(name);
    const grpc::Status status = stream.Finish();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND) << name;
    EXPECT_THAT(status.error_message(), HasSubstr("adder/1"));
  }
}

TEST(StreamCallTest, RefusesBadChunksInOrderAndGoesOn) {
  InProcessServer server;
  TestStream stream(server);
  stream.Open();
  stream.Receive();
  stream.SendChunk(0, {1}, 1);
  stream.SendChunk(1, {}, 2);
  stream.SendChunk(1, {std::numeric_limits<float>::quiet_NaN()}, 3);
  stream.SendChunk(9, {1}, 4);
  stream.Send(v1::StreamRequest());
  stream.SendChunk(1, {1}, 5);
  EXPECT_THAT(stream.Receive().outputs().outputs(), ElementsAre(1));
  EXPECT_THAT(stream.Receive().refused().message(), HasSubstr("0 floats"));
  EXPECT_THAT(stream.Receive().refused().message(), HasSubstr("NaN"));
  const v1::Refused order = stream.Receive().refused();
  EXPECT_EQ(order.expected_step(), 1u);
  EXPECT_EQ(order.client_tag(), 4u);
  EXPECT_THAT(stream.Receive().refused().message(), HasSubstr("exactly one"));
  EXPECT_THAT(stream.Receive().outputs().outputs(), ElementsAre(2));
}

TEST(StreamCallTest, AMessageAboveTheLimitEndsItsOwnStreamOnly) {
  InProcessServer server({.max_message_bytes = 4096});
  TestStream neighbour(server), stream(server);
  neighbour.Open();
  neighbour.Receive();
  neighbour.SendChunk(0, {1});
  neighbour.Receive();
  stream.Open();
  stream.Receive();
  stream.SendChunk(0, std::vector<float>(4096, 1.0f));
  EXPECT_EQ(stream.Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  neighbour.SendChunk(1, {1});
  EXPECT_THAT(neighbour.Receive().outputs().outputs(), ElementsAre(2));
}

TEST(StreamCallTest, AClientThatVanishesLeavesNoSessionBehindWhereNoneLingers) {
  InProcessServer server({.linger_ns = 0});
  {
    TestStream stream(server);
    stream.Open();
    stream.Receive();
    EXPECT_EQ(server.metrics().server.sessions_active.value(), 1);
    stream.context.TryCancel();
  }
  WaitFor([&] { return server.metrics().server.sessions_active.value() == 0; });
}

TEST(StreamCallTest, ASenderThatNeverReadsIsHeldBackAndHarmsNobody) {
  InProcessServer server;
  TestStream greedy(server), neighbour(server);
  greedy.Open();
  constexpr int kAll = 4000;  // 260 MB, far above what the server, the sockets and HTTP/2's windows hold
  std::atomic<int> sent{0};
  std::thread pouring([&] {
    const std::vector<float> x(16384, 1.0f);
    for (uint64_t i = 0; i < kAll && greedy.SendChunk(i * x.size(), x); ++i) ++sent;
  });
  neighbour.Open();
  neighbour.Receive();
  for (uint64_t i = 0; i < 50; ++i) {
    neighbour.SendChunk(i, {1});
    EXPECT_EQ(neighbour.Receive().outputs().first_step(), i);
  }
  int before = -1;
  WaitFor([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    return std::exchange(before, sent.load()) == sent.load();
  });
  EXPECT_LT(sent.load(), kAll);
  greedy.context.TryCancel();
  pouring.join();
}

TEST(StreamCallTest, ReadsAheadByBytesTooNotOnlyByChunks) {
  InProcessServer server({.max_chunk_steps = 1 << 20});
  TestStream stream(server);
  stream.Open();
  server.pipeline().hold = true;
  std::atomic<int> sent{0};
  std::thread pouring([&] {
    const std::vector<float> x(1 << 19, 1.0f);  // 2 MiB
    while (sent < 16 && stream.SendChunk(sent * x.size(), x)) ++sent;
  });
  int before = -1;
  WaitFor([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    return std::exchange(before, sent.load()) == sent.load();
  });
  EXPECT_LT(sent.load(), 10);  // of which the sockets hold some
  stream.context.TryCancel();
  pouring.join();
  server.pipeline().hold = false;
}

TEST(StreamCallTest, SendsCheckpointsAfterTheOutputsTheyCoverAndGoesOnFromOne) {
  InProcessServer server;
  v1::State state;
  {
    TestStream stream(server);
    v1::StreamRequest open;
    open.mutable_open()->set_model("adder");
    open.mutable_open()->set_checkpoint_steps(2);
    stream.Send(open);
    stream.Receive();
    stream.SendChunk(0, {1, 1});
    EXPECT_TRUE(stream.Receive().has_outputs());
    state = stream.Receive().checkpoint().state();
    EXPECT_EQ(state.step(), 2u);
  }
  TestStream stream(server);
  v1::StreamRequest open;
  open.mutable_open()->set_model("adder");
  *open.mutable_open()->mutable_state() = state;
  stream.Send(open);
  EXPECT_EQ(stream.Receive().opened().next_step(), 2u);
  stream.SendChunk(2, {1});
  EXPECT_THAT(stream.Receive().outputs().outputs(), ElementsAre(3));
}

TEST(StreamCallTest, RefusesADamagedState) {
  InProcessServer server;
  TestStream stream(server);
  v1::StreamRequest open;
  open.mutable_open()->set_model("adder");
  v1::State* state = open.mutable_open()->mutable_state();
  state->set_format(1);
  state->set_model_fingerprint("00000000000000aa");
  state->set_numerics_profile("fake");
  state->add_values(1);
  stream.Send(open);
  const grpc::Status status = stream.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("checksum"));
}

TEST(StreamCallTest, DrainingEndsStreamsWithTheirLastCheckpoint) {
  InProcessServer server;
  TestStream stream(server);
  v1::StreamRequest open;
  open.mutable_open()->set_model("adder");
  open.mutable_open()->set_checkpoint_steps(1000);
  stream.Send(open);
  stream.Receive();
  stream.SendChunk(0, {1, 1, 1});
  stream.Receive();
  std::thread stopping([&] { EXPECT_TRUE(server.Stop()); });
  EXPECT_EQ(stream.Receive().checkpoint().state().step(), 3u);
  EXPECT_EQ(stream.Receive().ended().reason(), v1::Ended::DRAINED);
  EXPECT_TRUE(stream.Finish().ok());
  stopping.join();
}

TEST(StreamCallTest, AStreamThatNeverOpensDoesNotHoldUpTheDrain) {
  InProcessServer server;
  TestStream silent(server), other(server);
  other.Open();
  other.Receive();
  std::this_thread::sleep_for(std::chrono::milliseconds(100));  // the silent one has been accepted by then
  EXPECT_TRUE(server.Stop());
  EXPECT_EQ(silent.Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST(StreamCallTest, ManyStreamsOpenAndCloseAtOnce) {
  InProcessServer server;
  std::vector<std::unique_ptr<TestStream>> streams;
  for (int i = 0; i < 200; ++i) streams.push_back(std::make_unique<TestStream>(server));
  for (auto& stream : streams) stream->Open();
  for (auto& stream : streams) EXPECT_TRUE(stream->Receive().has_opened());
  EXPECT_EQ(server.metrics().server.sessions_active.value(), 200);
  for (size_t i = 0; i < streams.size(); ++i) streams[i]->SendChunk(0, {static_cast<float>(i)});
  for (size_t i = 0; i < streams.size(); ++i) {
    EXPECT_THAT(streams[i]->Receive().outputs().outputs(), ElementsAre(static_cast<float>(i)));
  }
  for (auto& stream : streams) stream->context.TryCancel();
  WaitFor([&] { return server.metrics().server.sessions_detached.value() == 200; });
}

}  // namespace
}  // namespace recurd
