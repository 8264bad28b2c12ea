#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "grpcpp/grpcpp.h"
#include "proto/recurd/v1/recurd.grpc.pb.h"
#include "tests/integration/child.h"
#include "tests/integration/digits.h"

namespace recurd {

// Asks a daemon of the test for whole digits.
class Client {
 public:
  explicit Client(const Daemon& daemon)
      : stub_(v1::Recurrent::NewStub(grpc::CreateChannel(daemon.address(), grpc::InsecureChannelCredentials()))) {}

  v1::GetModelResponse GetModel(const std::string& model) {
    v1::GetModelRequest request;
    request.set_model(model);
    return Call(&v1::Recurrent::Stub::GetModel, request, v1::GetModelResponse());
  }
  // A whole digit.
  v1::InferResponse Infer(const std::string& model, const Digits::Sequence& digit) {
    v1::InferRequest request;
    request.set_model(model);
    for (const auto& row : digit.rows) request.mutable_inputs()->Add(row.begin(), row.end());
    return Call(&v1::Recurrent::Stub::Infer, request, v1::InferResponse());
  }

  grpc::Status TryInfer(const v1::InferRequest& request, v1::InferResponse* response) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    return stub_->Infer(&context, request, response);
  }

 private:
  template <class Method, class Request, class Response>
  Response Call(Method method, const Request& request, Response response) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    const grpc::Status status = (stub_.get()->*method)(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  std::unique_ptr<v1::Recurrent::Stub> stub_;
};

struct Answers {
  std::vector<std::vector<float>> logits;  // of each digit: [8 * 10]
  int right = 0;
  uint64_t modelled_ns = 0;  // of the first digit
};

// The first `count` of the digits, by a model.
inline Answers ReadDigits(const Daemon& daemon, const std::string& model, const Digits& digits, size_t count) {
  Client client(daemon);
  Answers answers;
  for (size_t i = 0; i < count; ++i) {
    const v1::InferResponse response = client.Infer(model, digits.sequences[i]);
    if (i == 0) answers.modelled_ns = response.modelled_ns();
    answers.logits.emplace_back(response.outputs().begin(), response.outputs().end());
    const auto last = answers.logits.back().end() - 10;
    answers.right += std::max_element(last, last + 10) - last == digits.sequences[i].label;
  }
  return answers;
}

// The largest, of all logits.
inline double WorstDifference(const Answers& a, const Answers& b) {
  double worst = 0;
  for (size_t i = 0; i < a.logits.size(); ++i) {
    for (size_t j = 0; j < a.logits[i].size(); ++j) {
      worst = std::max(worst, std::fabs(static_cast<double>(a.logits[i][j]) - b.logits[i][j]));
    }
  }
  return worst;
}

}  // namespace recurd
