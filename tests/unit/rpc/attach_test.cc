// Attach, take-over, linger: Stream's Open with all that it may ask for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

#include "tests/unit/fakes/in_process_server.h"
#include "tests/unit/fakes/test_stream.h"

namespace recurd {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

v1::Open Attach(const std::string& id, v1::Open::Mode mode = v1::Open::ATTACH) {
  v1::Open open;
  open.set_mode(mode);
  open.set_session_id(id);
  if (mode != v1::Open::ATTACH) open.set_model("adder");
  return open;
}

v1::Opened OpenAs(TestStream& stream, const v1::Open& open) {
  v1::StreamRequest request;
  *request.mutable_open() = open;
  stream.Send(request);
  return stream.Receive().opened();
}

grpc::Status StatusOf(InProcessServer& server, const v1::Open& open) {
  TestStream stream(server);
  v1::StreamRequest request;
  *request.mutable_open() = open;
  stream.Send(request);
  return stream.Finish();
}

// A session at step 1 whose client has gone away.
std::string Abandoned(InProcessServer& server) {
  const int64_t detached = server.metrics().server.sessions_detached.value();
  TestStream stream(server);
  stream.Open();
  const std::string id = stream.Receive().opened().session_id();
  stream.SendChunk(0, {5});
  stream.Receive();
  stream.context.TryCancel();
  WaitFor([&] { return server.metrics().server.sessions_detached.value() == detached + 1; });
  return id;
}

TEST(AttachTest, ASessionWhoseClientWentAwayGoesOnWithAnother) {
  InProcessServer server;
  const std::string id = Abandoned(server);
  TestStream stream(server);
  const v1::Opened opened = OpenAs(stream, Attach(id));
  EXPECT_EQ(opened.session_id(), id);
  EXPECT_EQ(opened.epoch(), 2u);
  EXPECT_EQ(opened.next_step(), 1u);
  EXPECT_FALSE(opened.must_begin());
  EXPECT_EQ(opened.model_fingerprint(), "00000000000000aa");
  stream.SendChunk(1, {1});
  EXPECT_THAT(stream.Receive().outputs().outputs(), ElementsAre(6));
}

TEST(AttachTest, TheOldStreamHearsThatItWasTakenOverAndItsChunksDie) {
  InProcessServer server({.quantum_ns = 1000});
  TestStream before(server), after(server);
  before.Open();
  const std::string id = before.Receive().opened().session_id();
  server.Do([](FakePipeline& pipeline) { pipeline.hold = true; });
  before.SendChunk(0, {1, 1});  // its first quantum is a step
  before.SendChunk(2, {1});
  WaitFor([&] {
    int runs = 0;
    server.Do([&](FakePipeline& pipeline) { runs = pipeline.runs; });
    return runs == 1;
  });
  v1::StreamRequest open;
  *open.mutable_open() = Attach(id);
  after.Send(open);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));  // the Open waits for the run
  grpc::ClientContext context;
  v1::GetServerInfoResponse info;
  EXPECT_TRUE(after.stub->GetServerInfo(&context, {}, &info).ok());  // and nobody else waits for it
  server.Do([](FakePipeline& pipeline) { pipeline.hold = false; });
  EXPECT_EQ(before.Receive().refused().first_step(), 0u);
  EXPECT_EQ(before.Receive().refused().first_step(), 2u);
  EXPECT_EQ(before.Receive().ended().reason(), v1::Ended::TAKEN_OVER);
  EXPECT_TRUE(before.Finish().ok());
  EXPECT_EQ(after.Receive().opened().next_step(), 0u);
  after.SendChunk(0, {1});
  EXPECT_THAT(after.Receive().outputs().outputs(), ElementsAre(1));
  EXPECT_EQ(server.metrics().server.sessions_active.value(), 1);
}

TEST(AttachTest, AClientThatGoesAwayWhileItsOpenWaitsLeavesTheSession) {
  InProcessServer server({.quantum_ns = 1000});
  TestStream before(server), last(server);
  before.Open();
  const std::string id = before.Receive().opened().session_id();
  server.Do([](FakePipeline& pipeline) { pipeline.hold = true; });
  before.SendChunk(0, {1, 1});
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  {
    TestStream waiting(server);
    v1::StreamRequest open;
    *open.mutable_open() = Attach(id);
    waiting.Send(open);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    waiting.context.TryCancel();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  server.Do([](FakePipeline& pipeline) { pipeline.hold = false; });
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_EQ(OpenAs(last, Attach(id)).next_step(), 0u);
  last.SendChunk(0, {1});
  EXPECT_THAT(last.Receive().outputs().outputs(), ElementsAre(1));
}

TEST(AttachTest, AnAttachWithACheckpointRewinds) {
  InProcessServer server;
  TestStream before(server), after(server);
  before.Open();
  const std::string id = before.Receive().opened().session_id();
  v1::StreamRequest request;
  request.mutable_chunk()->add_inputs(1);
  request.mutable_chunk()->set_checkpoint(true);
  before.Send(request);
  EXPECT_TRUE(before.Receive().has_outputs());
  const v1::State state = before.Receive().checkpoint().state();
  before.SendChunk(1, {1, 1});
  EXPECT_TRUE(before.Receive().has_outputs());
  v1::Open open = Attach(id);
  *open.mutable_state() = state;
  EXPECT_EQ(OpenAs(after, open).next_step(), 1u);
  after.SendChunk(1, {1});
  EXPECT_THAT(after.Receive().outputs().outputs(), ElementsAre(2));
}

TEST(AttachTest, AttachOrCreateCreatesUnderTheIdGivenAndAttachesToItAfterwards) {
  InProcessServer server;
  TestStream first(server), second(server);
  EXPECT_EQ(OpenAs(first, Attach("pump 7", v1::Open::ATTACH_OR_CREATE)).epoch(), 1u);
  EXPECT_EQ(OpenAs(second, Attach("pump 7", v1::Open::ATTACH_OR_CREATE)).epoch(), 2u);
  EXPECT_EQ(first.Receive().ended().reason(), v1::Ended::TAKEN_OVER);
}

TEST(AttachTest, ASessionBetweenTwoSequencesMustBegin) {
  InProcessServer server;
  TestStream before(server), after(server);
  before.Open();
  const std::string id = before.Receive().opened().session_id();
  v1::StreamRequest request;
  request.mutable_chunk()->add_inputs(1);
  request.mutable_chunk()->set_end(true);
  before.Send(request);
  before.Receive();
  const v1::Opened opened = OpenAs(after, Attach(id));
  EXPECT_TRUE(opened.must_begin());
  EXPECT_EQ(opened.next_step(), 0u);
}

TEST(AttachTest, RefusesWhatItCannotAttachToSayingWhy) {
  InProcessServer server;
  EXPECT_THAT(StatusOf(server, Attach("")).error_message(), HasSubstr("needs the session_id"));
  EXPECT_THAT(StatusOf(server, Attach("@1")).error_message(), HasSubstr("is a handle"));
  const grpc::Status unknown = StatusOf(server, Attach("pump"));
  EXPECT_EQ(unknown.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_THAT(unknown.error_message(), AllOf(HasSubstr("'pump' is not known"), HasSubstr("started 0 s ago")));
  v1::Open other = Attach(Abandoned(server));
  other.set_model("another");
  EXPECT_THAT(StatusOf(server, other).error_message(), HasSubstr("is one of model 'adder' version 1"));
  TestStream taken(server);
  OpenAs(taken, Attach("taken", v1::Open::ATTACH_OR_CREATE));
  v1::Open create = Attach("taken", v1::Open::CREATE);
  EXPECT_EQ(StatusOf(server, create).error_code(), grpc::StatusCode::ALREADY_EXISTS);
}

TEST(AttachTest, ABadStateTakesNothingOver) {
  InProcessServer server;
  TestStream before(server);
  const std::string id = OpenAs(before, Attach("pump", v1::Open::ATTACH_OR_CREATE)).session_id();
  v1::Open open = Attach(id);
  open.mutable_state()->add_values(1);
  EXPECT_EQ(StatusOf(server, open).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  before.SendChunk(0, {1});
  EXPECT_THAT(before.Receive().outputs().outputs(), ElementsAre(1));
}

TEST(AttachTest, WhoAsksForASessionThatIsOverIsToldHowItEnded) {
  InProcessServer server;
  TestStream stream(server);
  const std::string id = OpenAs(stream, Attach("", v1::Open::CREATE)).session_id();
  v1::StreamRequest close;
  close.mutable_close();
  stream.Send(close);
  stream.Finish();
  const grpc::Status status = StatusOf(server, Attach(id));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_THAT(status.error_message(),
              AllOf(HasSubstr(id.substr(0, 6) + "... is over: closed 0 s ago, before step 0"), Not(HasSubstr(id))));
}

TEST(AttachTest, AClosedSendingSideEndsTheSession) {
  InProcessServer server;
  TestStream stream(server);
  stream.Open();
  stream.Receive();
  stream.stream->WritesDone();
  EXPECT_EQ(stream.Receive().ended().reason(), v1::Ended::CLOSED);
  EXPECT_TRUE(stream.Finish().ok());
  WaitFor([&] { return server.metrics().server.sessions_active.value() == 0; });
}

TEST(AttachTest, NoCheckpointOnRequestFollowsTheEndOfASequence) {
  InProcessServer server;
  TestStream stream(server);
  stream.Open();
  stream.Receive();
  v1::StreamRequest request;
  request.mutable_chunk()->add_inputs(1);
  request.mutable_chunk()->set_end(true);
  request.mutable_chunk()->set_checkpoint(true);
  stream.Send(request);
  EXPECT_TRUE(stream.Receive().has_outputs());
  stream.stream->WritesDone();
  EXPECT_TRUE(stream.Receive().has_ended());
}

}  // namespace
}  // namespace recurd
