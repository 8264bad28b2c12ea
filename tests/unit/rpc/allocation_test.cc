// No allocation of ours on the success path: the serving thread calls operator new no more often for a message than a
// bare echo's thread does, which is gRPC's own share.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <functional>
#include <future>
#include <memory>
#include <new>
#include <thread>

#include "proto/recurd/v1/recurd.grpc.pb.h"
#include "tests/bench/rpc/echo_server.h"
#include "tests/unit/fakes/in_process_server.h"

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

double StreamAllocations(int steps) {
  InProcessServer server;
  std::promise<void> counting;
  server.rpc().mailbox().Post([&] {
    counted = true;
    counting.set_value();
  });
  counting.get_future().wait();
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

TEST(AllocationTest, AMessageAllocatesNothingBesidesWhatGrpcDoes) {
  const double floor = EchoAllocations();
  EXPECT_LE(StreamAllocations(1), floor + 0.5);
  EXPECT_LE(StreamAllocations(64), floor + 0.5);
  std::printf("operator new a message: echo %.3f, one step %.3f, 64 steps %.3f\n", floor, StreamAllocations(1),
              StreamAllocations(64));
}

}  // namespace
}  // namespace recurd
