// No allocation of ours on the success path: the serving thread calls operator new no more often for a message than a
// bare echo's thread does, which is gRPC's own share.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <functional>
#include <memory>
#include <new>
#include <thread>

#include "proto/inference/grpc_predict_v2.grpc.pb.h"
#include "proto/recurd/v1/recurd.grpc.pb.h"
#include "tests/bench/rpc/echo_server.h"
#include "tests/unit/fakes/in_process_server.h"
#include "tests/unit/rpc/kserve_requests.h"

namespace {

thread_local bool counted = false;
std::atomic<long> allocations{0};

void* Allocate(std::size_t size) {
  if (counted) allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t size) { return Allocate(size); }
void* operator new[](std::size_t size) { return Allocate(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return Allocate(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return Allocate(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace recurd {
namespace {

constexpr int kWarm = 200;
constexpr int kBlocks = 30;
constexpr int kMessages = 100;

std::shared_ptr<grpc::Channel> Connect(int port) {
  return grpc::CreateChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials());
}

// Allocations a message on the counted thread: the least of several blocks, because gRPC's own share depends on how the
// kernel cuts the bytes.
double PerMessage(const std::function<void()>& round_trip) {
  for (int i = 0; i < kWarm; ++i) round_trip();
  double least = 1e9;
  for (int block = 0; block < kBlocks; ++block) {
    const long before = allocations.load();
    for (int i = 0; i < kMessages; ++i) round_trip();
    least = std::min(least, static_cast<double>(allocations.load() - before) / kMessages);
  }
  return least;
}

double EchoAllocations() {
  bench::EchoServer server;
  std::thread serving([&] {
    counted = true;
    server.Run();
  });
  grpc::ClientContext context;
  auto stub = bench::Echo::NewStub(Connect(server.port()));
  auto stream = stub->Stream(&context);
  bench::Frame frame, echoed;
  frame.set_data(std::string(32, 'x'));
  const double count = PerMessage([&] {
    stream->Write(frame);
    stream->Read(&echoed);
  });
  stream->WritesDone();
  stream->Finish();
  server.Stop();
  serving.join();
  return count;
}

void CountOnServingThread(InProcessServer& server) {
  server.Do([](FakePipeline&) { counted = true; });
}

double StreamAllocations(int steps) {
  InProcessServer server;
  CountOnServingThread(server);
  grpc::ClientContext context;
  auto stub = v1::Recurrent::NewStub(server.Channel());
  auto stream = stub->Stream(&context);
  v1::StreamRequest request;
  v1::StreamResponse response;
  request.mutable_open()->set_model("adder");
  stream->Write(request);
  stream->Read(&response);
  request.clear_open();
  for (int i = 0; i < steps; ++i) request.mutable_chunk()->add_inputs(0.5f);
  uint64_t step = 0;
  const double count = PerMessage([&] {
    request.mutable_chunk()->set_first_step(step);
    step += static_cast<uint64_t>(steps);
    stream->Write(request);
    stream->Read(&response);
    ASSERT_TRUE(response.has_outputs());
  });
  stream->WritesDone();
  while (stream->Read(&response)) {
  }
  stream->Finish();
  return count;
}

// What protobuf needs to parse a request into a message used before, and to fill in such an answer.
double ProtobufAllocations(const inference::ModelInferRequest& request, bool streamed) {
  const std::string bytes = request.SerializeAsString();
  inference::ModelInferRequest parsed;
  inference::ModelInferResponse response;
  counted = true;
  const double count = PerMessage([&] {
    parsed.ParseFromString(bytes);
    response.Clear();
    auto* output = response.add_outputs();
    output->set_name("y");
    output->set_datatype("FP32");
    for (int i = 0; i < 3; ++i) output->add_shape(1);
    response.add_raw_output_contents()->resize(4);
    if (streamed) (*response.mutable_parameters())["triton_final_response"].set_bool_param(true);
  });
  counted = false;
  return count;
}

double KserveStreamAllocations(const inference::ModelInferRequest& request) {
  InProcessServer server;
  CountOnServingThread(server);
  grpc::ClientContext context;
  auto stub = inference::GRPCInferenceService::NewStub(server.Channel());
  auto stream = stub->ModelStreamInfer(&context);
  inference::ModelStreamInferResponse response;
  stream->Write(kserve::Of(7, {0.5f}, kserve::kStart));
  stream->Read(&response);
  const double count = PerMessage([&] {
    stream->Write(request);
    stream->Read(&response);
    ASSERT_EQ(response.error_message(), "");
  });
  stream->WritesDone();
  stream->Finish();
  return count;
}

// Of a unary call that takes what gRPC takes for each, and nothing else.
double ServerLiveAllocations() {
  InProcessServer server;
  CountOnServingThread(server);
  auto stub = inference::GRPCInferenceService::NewStub(server.Channel());
  inference::ServerLiveResponse response;
  return PerMessage([&] {
    grpc::ClientContext context;
    stub->ServerLive(&context, {}, &response);
  });
}

double KserveUnaryAllocations(const inference::ModelInferRequest& request) {
  InProcessServer server;
  CountOnServingThread(server);
  auto stub = inference::GRPCInferenceService::NewStub(server.Channel());
  inference::ModelInferResponse response;
  const auto infer = [&](const inference::ModelInferRequest& what) {
    grpc::ClientContext context;
    ASSERT_TRUE(stub->ModelInfer(&context, what, &response).ok());
  };
  infer(kserve::Of(7, {0.5f}, kserve::kStart));
  return PerMessage([&] { infer(request); });
}

// The least of several tries, because a busy machine adds to either side.
bool Within(const char* what, const std::function<double()>& measured, const std::function<double()>& floor,
            double share) {
  for (int i = 0; i < 5; ++i) {
    const double least = floor(), count = measured();
    std::printf("operator new, %s: %.3f, gRPC's own %.3f, protobuf's %.3f\n", what, count, least, share);
    if (count <= least + share + 0.5) return true;
  }
  return false;
}

TEST(AllocationTest, AKserveStepAllocatesNothingBesidesWhatGrpcAndProtobufDo) {
  constexpr double kIdentity = 2;  // what gRPC makes to say who the peer of a call is; a stream asks once
  const inference::ModelInferRequest request = kserve::Of(7, {0.5f});
  EXPECT_TRUE(Within(
      "a KServe step on a stream", [&] { return KserveStreamAllocations(request); }, EchoAllocations,
      ProtobufAllocations(request, true)));
  EXPECT_TRUE(Within(
      "a KServe step by itself", [&] { return KserveUnaryAllocations(request); }, ServerLiveAllocations,
      ProtobufAllocations(request, false) + kIdentity));
}

TEST(AllocationTest, AMessageAllocatesNothingBesidesWhatGrpcDoes) {
  EXPECT_TRUE(Within(
      "one step", [] { return StreamAllocations(1); }, EchoAllocations, 0));
  EXPECT_TRUE(Within(
      "64 steps", [] { return StreamAllocations(64); }, EchoAllocations, 0));
}

}  // namespace
}  // namespace recurd
