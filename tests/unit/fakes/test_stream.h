#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "grpcpp/grpcpp.h"
#include "proto/recurd/v1/recurd.grpc.pb.h"
#include "tests/unit/fakes/in_process_server.h"

namespace recurd {

// One stream, written and read by the test's own thread.
struct TestStream {
  explicit TestStream(const InProcessServer& server, std::chrono::seconds deadline = std::chrono::seconds(20))
      : stub(v1::Recurrent::NewStub(server.Channel())) {
    context.set_deadline(std::chrono::system_clock::now() + deadline);
    stream = stub->Stream(&context);
  }
  bool Open(const std::string& model = "adder", bool allow_profile_change = false) {
    v1::StreamRequest request;
    request.mutable_open()->set_model(model);
    request.mutable_open()->set_allow_profile_change(allow_profile_change);
    return Send(request);
  }
  bool Send(const v1::StreamRequest& request) { return stream->Write(request); }
  bool SendChunk(uint64_t first_step, const std::vector<float>& inputs, uint64_t tag = 0) {
    v1::StreamRequest request;
    request.mutable_chunk()->set_first_step(first_step);
    request.mutable_chunk()->mutable_inputs()->Assign(inputs.begin(), inputs.end());
    request.mutable_chunk()->set_client_tag(tag);
    return Send(request);
  }
  v1::StreamResponse Receive() {
    v1::StreamResponse response;
    stream->Read(&response);
    return response;
  }
  grpc::Status Finish() {
    v1::StreamResponse response;
    while (stream->Read(&response)) {
    }
    return stream->Finish();
  }

  std::unique_ptr<v1::Recurrent::Stub> stub;
  grpc::ClientContext context;
  std::unique_ptr<grpc::ClientReaderWriter<v1::StreamRequest, v1::StreamResponse>> stream;
};

inline bool WaitFor(const std::function<bool()>& condition) {
  for (int i = 0; i < 2000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  ADD_FAILURE() << "ten seconds were not enough";
  return false;
}

}  // namespace recurd
