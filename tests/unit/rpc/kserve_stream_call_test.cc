#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "proto/inference/grpc_predict_v2.grpc.pb.h"
#include "tests/unit/fakes/in_process_server.h"
#include "tests/unit/rpc/kserve_requests.h"

namespace recurd::kserve {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// One stream, written and read by the test's own thread.
struct TestStream {
  explicit TestStream(const InProcessServer& server, bool errors_are_status = false)
      : stub(inference::GRPCInferenceService::NewStub(server.Channel())) {
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    if (errors_are_status) context.AddMetadata("triton_grpc_error", "true");
    stream = stub->ModelStreamInfer(&context);
  }
  bool Send(const inference::ModelInferRequest& request) { return stream->Write(request); }
  inference::ModelStreamInferResponse Receive() {
    inference::ModelStreamInferResponse response;
    EXPECT_TRUE(stream->Read(&response));
    return response;
  }
  std::vector<float> ReceiveY() {
    const auto response = Receive();
    EXPECT_EQ(response.error_message(), "");
    const auto& raw = response.infer_response().raw_output_contents();
    return raw.empty() ? std::vector<float>() : Floats(raw[0]);
  }
  std::vector<float> Ask(const inference::ModelInferRequest& request) {
    Send(request);
    return ReceiveY();
  }
  grpc::Status Finish() {
    inference::ModelStreamInferResponse response;
    while (stream->Read(&response)) {
    }
    return stream->Finish();
  }

  std::unique_ptr<inference::GRPCInferenceService::Stub> stub;
  grpc::ClientContext context;
  std::unique_ptr<grpc::ClientReaderWriter<inference::ModelInferRequest, inference::ModelStreamInferResponse>> stream;
};

std::vector<float> InferUnary(const InProcessServer& server, const inference::ModelInferRequest& request) {
  grpc::ClientContext context;
  inference::ModelInferResponse response;
  const auto stub = inference::GRPCInferenceService::NewStub(server.Channel());
  const grpc::Status status = stub->ModelInfer(&context, request, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response.raw_output_contents().empty() ? std::vector<float>() : Floats(response.raw_output_contents(0));
}

void WaitFor(const std::function<bool()>& condition) {
  for (int i = 0; i < 2000; ++i) {
    if (condition()) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  ADD_FAILURE() << "ten seconds were not enough";
}

inference::ModelInferRequest Named(inference::ModelInferRequest request, const std::string& id) {
  request.set_id(id);
  return request;
}

TEST(KserveStreamCallTest, ManySequencesOnOneStreamAreAnsweredInTheOrderOfTheRequests) {
  InProcessServer server;
  TestStream stream(server);
  for (int id = 1; id <= 5; ++id) stream.Send(Named(Of(id, {static_cast<float>(id)}, kStart), "start"));
  for (int i = 1; i <= 10; ++i) {
    for (int id = 1; id <= 5; ++id) stream.Send(Named(Of(id, {1}), std::to_string(id)));
  }
  for (int id = 1; id <= 5; ++id) EXPECT_THAT(stream.ReceiveY(), ElementsAre(static_cast<float>(id)));
  for (int i = 1; i <= 10; ++i) {
    for (int id = 1; id <= 5; ++id) {
      const auto response = stream.Receive();
      EXPECT_EQ(response.infer_response().id(), std::to_string(id));
      EXPECT_THAT(Floats(response.infer_response().raw_output_contents(0)), ElementsAre(static_cast<float>(id + i)));
    }
  }
}

TEST(KserveStreamCallTest, ALongRequestHoldsUpTheAnswersBehindIt) {
  InProcessServer server({.quantum_ns = 1000});
  TestStream stream(server);
  stream.Send(Of(1, std::vector<float>(10'000, 1), kBoth));
  stream.Send(Of(2, {5}, kBoth));
  EXPECT_EQ(stream.ReceiveY().size(), 10'000u);
  EXPECT_THAT(stream.ReceiveY(), ElementsAre(5));
}

TEST(KserveStreamCallTest, OneSequenceMayRunOverSeveralStreamsAndUnaryCalls) {
  InProcessServer server;
  TestStream a(server), b(server);
  EXPECT_THAT(a.Ask(Of(7, {1}, kStart)), ElementsAre(1));
  EXPECT_THAT(b.Ask(Of(7, {1})), ElementsAre(2));
  EXPECT_THAT(InferUnary(server, Of(7, {1})), ElementsAre(3));
  EXPECT_THAT(a.Ask(Of(7, {1})), ElementsAre(4));
  EXPECT_THAT(b.Ask(Of(7, {1}, kEnd)), ElementsAre(5));
  a.Send(Of(7, {1}));
  EXPECT_THAT(a.Receive().error_message(), HasSubstr("ended: closed"));
}

TEST(KserveStreamCallTest, ASequenceOutlivesItsStream) {
  InProcessServer server;
  {
    TestStream gone(server);
    EXPECT_THAT(gone.Ask(Of(7, {1}, kStart)), ElementsAre(1));
    gone.context.TryCancel();
    EXPECT_FALSE(gone.Finish().ok());
  }
  {
    TestStream closed(server);
    EXPECT_THAT(closed.Ask(Of(7, {1})), ElementsAre(2));
    closed.stream->WritesDone();
    EXPECT_TRUE(closed.Finish().ok());
  }
  EXPECT_THAT(InferUnary(server, Of(7, {1})), ElementsAre(3));
}

TEST(KserveStreamCallTest, AnErrorIsOneMessagesAndTheStreamGoesOn) {
  InProcessServer server;
  TestStream stream(server);
  stream.Send(Of(7, {1}, kStart));
  stream.Send(Named(Of(8, {1}), "no start"));
  auto unknown = Named(Steps({1}), "no model");
  unknown.set_model_name("nobody");
  unknown.set_model_version("3");
  stream.Send(unknown);
  stream.Send(Of(7, {1}));
  EXPECT_THAT(stream.ReceiveY(), ElementsAre(1));
  const auto not_started = stream.Receive();
  EXPECT_THAT(not_started.error_message(), HasSubstr("must specify the START flag"));
  EXPECT_EQ(not_started.infer_response().id(), "no start");
  EXPECT_EQ(not_started.infer_response().outputs_size(), 0);
  const auto not_found = stream.Receive();
  EXPECT_THAT(not_found.error_message(), StartsWith("Request for unknown model: 'nobody' version 3"));
  EXPECT_EQ(not_found.infer_response().model_name(), "nobody");
  EXPECT_EQ(not_found.infer_response().model_version(), "3");
  EXPECT_THAT(stream.ReceiveY(), ElementsAre(2));
  stream.stream->WritesDone();
  EXPECT_TRUE(stream.Finish().ok());
}

TEST(KserveStreamCallTest, WithTritonGrpcErrorTheFirstErrorIsTheStreamsStatus) {
  InProcessServer server;
  TestStream stream(server, true);
  stream.Send(Of(7, {1}, kStart));
  stream.Send(Of(8, {1}));
  stream.Send(Of(7, {1}));
  EXPECT_THAT(stream.ReceiveY(), ElementsAre(1));
  const grpc::Status status = stream.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("must specify the START flag"));
}

// Its last answer comes inside the engine, long after the stream has failed.
TEST(KserveStreamCallTest, AStreamThatHasFailedWaitsForWhatStillRuns) {
  InProcessServer server({.quantum_ns = 1000});
  for (int i = 0; i < 5; ++i) {
    TestStream stream(server, true);
    server.Do([](FakePipeline& pipeline) { pipeline.hold = true; });
    stream.Send(Steps({1, 1}));
    stream.Send(Of(8, {1}));
    stream.Send(Steps(std::vector<float>(5000, 1.0f)));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    server.Do([](FakePipeline& pipeline) { pipeline.hold = false; });
    EXPECT_EQ(stream.Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    TestStream next(server);
    EXPECT_THAT(next.Ask(Steps({1, 1})), ElementsAre(1, 2));
  }
}

TEST(KserveStreamCallTest, WithTritonGrpcErrorAStreamWithoutOneEndsWell) {
  InProcessServer server;
  TestStream stream(server, true);
  EXPECT_THAT(stream.Ask(Steps({1, 1})), ElementsAre(1, 2));
  stream.stream->WritesDone();
  EXPECT_TRUE(stream.Finish().ok());
}

TEST(KserveStreamCallTest, EveryAnswerIsMarkedAsTheFinalOneOfItsRequest) {
  InProcessServer server;
  TestStream stream(server);
  stream.Send(Of(7, {1}, kStart));
  stream.Send(Of(8, {1}));
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(stream.Receive().infer_response().parameters().at("triton_final_response").bool_param());
  }
}

TEST(KserveStreamCallTest, AnswersEverythingSentBeforeTheSendingSideClosed) {
  InProcessServer server;
  TestStream stream(server);
  stream.Send(Of(7, {0}, kStart));
  for (int i = 1; i <= 200; ++i) stream.Send(Of(7, {1}));
  stream.stream->WritesDone();
  for (int i = 0; i <= 200; ++i) EXPECT_THAT(stream.ReceiveY(), ElementsAre(static_cast<float>(i)));
  EXPECT_TRUE(stream.Finish().ok());
}

TEST(KserveStreamCallTest, WhatWasReadBeforeTheClientWentAwayIsApplied) {
  InProcessServer server;
  TestStream stream(server);
  stream.Ask(Of(7, {1}, kStart));
  server.pipeline().hold = true;
  stream.Send(Of(7, {2}));
  stream.Send(Of(7, {3}));
  std::this_thread::sleep_for(std::chrono::milliseconds(150));
  stream.context.TryCancel();
  EXPECT_FALSE(stream.Finish().ok());
  server.pipeline().hold = false;
  EXPECT_THAT(InferUnary(server, Of(7, {1})), ElementsAre(7));
}

TEST(KserveStreamCallTest, ASenderThatNeverReadsIsHeldBackAndHarmsNobody) {
  InProcessServer server;
  TestStream greedy(server), neighbour(server);
  constexpr int kAll = 2000;  // 131 MB, far above what the server and the sockets hold
  std::atomic<int> sent{0};
  std::thread pouring([&] {
    const auto request = Of(7, std::vector<float>(16384, 1.0f), kStart);
    for (int i = 0; i < kAll && greedy.Send(request); ++i) ++sent;
  });
  EXPECT_THAT(neighbour.Ask(Of(8, {0}, kStart)), ElementsAre(0));
  for (int i = 1; i <= 50; ++i) EXPECT_THAT(neighbour.Ask(Of(8, {1})), ElementsAre(static_cast<float>(i)));
  int before = -1;
  WaitFor([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    return std::exchange(before, sent.load()) == sent.load();
  });
  EXPECT_LT(sent.load(), kAll);
  greedy.context.TryCancel();
  pouring.join();
}

TEST(KserveStreamCallTest, ReadsAheadByBytesTooNotOnlyByRequests) {
  InProcessServer server({.max_chunk_steps = 1 << 20});
  TestStream stream(server);
  server.pipeline().hold = true;
  std::atomic<int> sent{0};
  std::thread pouring([&] {
    const auto request = Of(7, std::vector<float>(1 << 19, 1.0f), kStart);  // 2 MiB
    while (sent < 16 && stream.Send(request)) ++sent;
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

TEST(KserveStreamCallTest, DrainingAnswersWhatWasReadAndEndsTheStream) {
  InProcessServer server;
  TestStream stream(server), idle(server);
  stream.Ask(Of(7, {1}, kStart));
  idle.Ask(Steps({1}));
  server.pipeline().hold = true;
  stream.Send(Of(7, {1}));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  stream.Send(Of(8, {1}, kStart));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  std::thread stopping([&] { EXPECT_TRUE(server.Stop()); });
  EXPECT_EQ(idle.Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  server.pipeline().hold = false;
  EXPECT_THAT(stream.ReceiveY(), ElementsAre(2));
  EXPECT_THAT(stream.Receive().error_message(), StartsWith("Server is stopping"));
  const grpc::Status status = stream.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(status.error_message(), StartsWith("Server is stopping"));
  stopping.join();
}

TEST(KserveStreamCallTest, ManyStreamsOpenAndCloseAtOnce) {
  InProcessServer server;
  std::vector<std::thread> clients;
  for (int id = 1; id <= 8; ++id) {
    clients.emplace_back([&server, id] {
      for (int i = 0; i < 10; ++i) {
        TestStream stream(server);
        EXPECT_THAT(stream.Ask(Of(id, {2}, kBoth)), ElementsAre(2));
        if (i % 2 == 0) stream.stream->WritesDone();
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_TRUE(server.Stop());
}

}  // namespace
}  // namespace recurd::kserve
