// KServe's protocol on the shipped model, beside the native API: the same bits, however a digit is cut.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "grpcpp/grpcpp.h"
#include "proto/inference/grpc_predict_v2.grpc.pb.h"
#include "tests/integration/child.h"
#include "tests/integration/digits.h"
#include "tests/integration/digits_client.h"

namespace recurd {
namespace {

using Rows = std::vector<std::vector<float>>;

inference::ModelInferRequest Request(const Rows& rows, size_t begin, size_t end, int64_t sequence_id) {
  inference::ModelInferRequest request;
  request.set_model_name("digits");
  auto* input = request.add_inputs();
  input->set_name("pixels");
  input->set_datatype("FP32");
  for (const int64_t size : {static_cast<int64_t>(end - begin), int64_t{1}, int64_t{8}}) input->add_shape(size);
  std::string* raw = request.add_raw_input_contents();
  for (size_t i = begin; i < end; ++i) raw->append(reinterpret_cast<const char*>(rows[i].data()), 8 * sizeof(float));
  auto& parameters = *request.mutable_parameters();
  parameters["sequence_id"].set_int64_param(sequence_id);
  parameters["sequence_start"].set_bool_param(begin == 0);
  parameters["sequence_end"].set_bool_param(end == rows.size());
  return request;
}

// The raw logits of a digit, sent `chunk` rows at a time over one stream.
std::string StreamDigit(inference::GRPCInferenceService::Stub& stub, const Rows& rows, size_t chunk) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
  auto stream = stub.ModelStreamInfer(&context);
  for (size_t i = 0; i < rows.size(); i += chunk) stream->Write(Request(rows, i, i + chunk, 7));
  stream->WritesDone();
  std::string logits;
  inference::ModelStreamInferResponse response;
  while (stream->Read(&response)) {
    EXPECT_EQ(response.error_message(), "");
    for (const std::string& raw : response.infer_response().raw_output_contents()) logits += raw;
  }
  EXPECT_TRUE(stream->Finish().ok());
  return logits;
}

TEST(KserveTest, GivesTheBitsOfTheNativeApiForEveryChunking) {
  Daemon daemon;
  const Digits digits = LoadDigits();
  const Answers native = ReadDigits(daemon, "digits", digits, 10);
  const auto stub = inference::GRPCInferenceService::NewStub(
      grpc::CreateChannel(daemon.address(), grpc::InsecureChannelCredentials()));
  for (size_t i = 0; i < native.logits.size(); ++i) {
    const std::string expected(reinterpret_cast<const char*>(native.logits[i].data()),
                               native.logits[i].size() * sizeof(float));
    for (const size_t chunk : {1, 2, 4, 8}) EXPECT_EQ(StreamDigit(*stub, digits.sequences[i].rows, chunk), expected);
    grpc::ClientContext context;
    inference::ModelInferResponse whole;
    ASSERT_TRUE(stub->ModelInfer(&context, Request(digits.sequences[i].rows, 0, 8, 0), &whole).ok());
    EXPECT_EQ(whole.raw_output_contents(0), expected);
  }
}

}  // namespace
}  // namespace recurd
