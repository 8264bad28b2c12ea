#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "grpcpp/grpcpp.h"
#include "proto/recurd/v1/recurd.grpc.pb.h"
#include "tests/integration/child.h"
#include "tests/integration/digits.h"

namespace recurd {

// A stream that sends the rows of one digit.
class DigitSession {
 public:
  struct Options {
    bool allow_profile_change = false;
    std::optional<v1::State> state = std::nullopt;  // to start from
  };
  DigitSession(const Daemon& daemon, const Digits::Sequence& digit, const Options& options)
      : digit_(digit),
        stub_(v1::Recurrent::NewStub(grpc::CreateChannel(daemon.address(), grpc::InsecureChannelCredentials()))) {
    context_.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(15));
    stream_ = stub_->Stream(&context_);
    v1::StreamRequest request;
    request.mutable_open()->set_model("digits");
    request.mutable_open()->set_allow_profile_change(options.allow_profile_change);
    if (options.state) *request.mutable_open()->mutable_state() = *options.state;
    stream_->Write(request);
    EXPECT_TRUE(Receive().has_opened());
  }
  ~DigitSession() {
    context_.TryCancel();
    stream_->Finish();
  }

  void Send(size_t first, size_t count) {
    v1::StreamRequest request;
    request.mutable_chunk()->set_first_step(first);
    for (size_t row = first; row < first + count; ++row) {
      request.mutable_chunk()->mutable_inputs()->Add(digit_.rows[row].begin(), digit_.rows[row].end());
    }
    stream_->Write(request);
  }
  // The next message; one without any field once the stream is over, or 15 s after it was opened.
  v1::StreamResponse Receive() {
    v1::StreamResponse response;
    if (!stream_->Read(&response)) response.Clear();
    return response;
  }
  // The logits of these rows; empty if they were refused.
  std::vector<float> Read(size_t first, size_t count) {
    Send(first, count);
    return Logits(Receive());
  }
  static std::vector<float> Logits(const v1::StreamResponse& response) {
    EXPECT_TRUE(response.has_outputs()) << response.ShortDebugString();
    return {response.outputs().outputs().begin(), response.outputs().outputs().end()};
  }

 private:
  const Digits::Sequence& digit_;
  const std::unique_ptr<v1::Recurrent::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::StreamRequest, v1::StreamResponse>> stream_;
};

}  // namespace recurd
