// A model with a layer of both directions, from its file to answers of both services.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <string>
#include <vector>

#include "grpcpp/grpcpp.h"
#include "proto/inference/grpc_predict_v2.grpc.pb.h"
#include "recurd/client.h"
#include "tests/integration/child.h"
#include "tests/integration/scrape.h"
#include "tests/unit/model/format/graph_builder.h"

namespace recurd {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kWhy[] =
    "model 'both' can't be streamed: node 'bi' (RNN): it runs backward; send whole sequences with Infer";

// Y [T,2,batch,1]: the sum of x so far, and from here to the end.
std::string BothSums() {
  GraphBuilder g;
  const std::string x = g.Input("x", {-1, -1, 1});
  const std::string ones = g.Floats({2, 1, 1}, {1, 1});
  auto layer = g.Node("bi", "RNN", {x, ones, ones});
  layer.Set("hidden_size", 1).Set("direction", "bidirectional");
  layer.Set("activations", std::vector<std::string>{"Affine", "Affine"});
  layer.Set("activation_alpha", std::vector<float>{1, 1}).Set("activation_beta", std::vector<float>{0, 0});
  g.Output(layer);
  auto* const shape = g.graph().mutable_output(0)->mutable_type()->mutable_tensor_type()->mutable_shape();
  for (const char* axis : {"steps", "2", "batch", "1"}) {
    *axis >= '0' && *axis <= '9' ? shape->add_dim()->set_dim_value(*axis - '0') : shape->add_dim()->set_dim_param(axis);
  }
  return g.Bytes();
}

class Repository {
 public:
  Repository() {
    std::string pattern = ::testing::TempDir() + "/recurd_wholeXXXXXX";
    root_ = mkdtemp(pattern.data());
    fs::create_directories(root_ / "both" / "1");
    std::ofstream(root_ / "both" / "1" / "model.onnx", std::ios::binary) << BothSums();
  }
  ~Repository() { fs::remove_all(root_); }
  std::string Flag() const { return "--model_repository=" + root_.string(); }

 private:
  fs::path root_;
};

class WholeSequenceDaemonTest : public ::testing::Test {
 protected:
  static v1::InferRequest Sequence(const std::vector<float>& x) {
    v1::InferRequest request;
    request.set_model("both");
    request.mutable_inputs()->Assign(x.begin(), x.end());
    return request;
  }
  static inference::ModelInferRequest Tensor(const std::vector<float>& x, int64_t batch = 1) {
    inference::ModelInferRequest request;
    request.set_model_name("both");
    auto* input = request.add_inputs();
    input->set_name("x");
    input->set_datatype("FP32");
    for (const int64_t size : {static_cast<int64_t>(x.size()) / batch, batch, int64_t{1}}) input->add_shape(size);
    request.add_raw_input_contents(x.data(), x.size() * sizeof(float));
    return request;
  }
  grpc::Status Infer(const inference::ModelInferRequest& request, inference::ModelInferResponse* response) {
    const auto channel = grpc::CreateChannel(daemon_.address(), grpc::InsecureChannelCredentials());
    grpc::ClientContext context;
    return inference::GRPCInferenceService::NewStub(channel)->ModelInfer(&context, request, response);
  }

  Repository repository_;
  Daemon daemon_{{repository_.Flag(), "--quantum_us=10"}};
  Client client_ = *Client::Connect(daemon_.address());
};

TEST_F(WholeSequenceDaemonTest, InferComputesBothDirectionsOverManyQuanta) {
  std::vector<float> x(10'000, 1.0f);
  const auto response = client_.Infer(Sequence(x));
  ASSERT_TRUE(response.ok()) << response.status();
  ASSERT_EQ(response->outputs_size(), 20'000);
  for (int step = 0; step < 10'000; ++step) {
    ASSERT_EQ(response->outputs(2 * step), static_cast<float>(step + 1));
    ASSERT_EQ(response->outputs(2 * step + 1), static_cast<float>(10'000 - step));
  }
}

TEST_F(WholeSequenceDaemonTest, KserveAnswersInTheFilesLayout) {
  inference::ModelInferResponse response;
  const grpc::Status status = Infer(Tensor({1, 2, 3}), &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_THAT(response.outputs(0).shape(), ElementsAre(3, 2, 1, 1));
  std::vector<float> y(6);
  std::memcpy(y.data(), response.raw_output_contents(0).data(), 24);
  EXPECT_THAT(y, ElementsAre(1, 6, 3, 5, 6, 3));
}

TEST_F(WholeSequenceDaemonTest, KserveTakesABatchApartIntoSequences) {
  inference::ModelInferResponse response;
  const grpc::Status status = Infer(Tensor({1, 10, 100, 2, 20, 200}, 3), &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_THAT(response.outputs(0).shape(), ElementsAre(2, 2, 3, 1));
  std::vector<float> y(12);
  std::memcpy(y.data(), response.raw_output_contents(0).data(), 48);
  EXPECT_THAT(y, ElementsAre(1, 10, 100, 3, 30, 300, 3, 30, 300, 2, 20, 200));
}

TEST_F(WholeSequenceDaemonTest, WhatKeepsStateIsRefusedNamingTheNodeAndCounted) {
  EXPECT_THAT(std::string(client_.Open("both").status().message()), HasSubstr(kWhy));
  auto request = Tensor({1});
  (*request.mutable_parameters())["sequence_id"].set_int64_param(7);
  (*request.mutable_parameters())["sequence_start"].set_bool_param(true);
  inference::ModelInferResponse response;
  const grpc::Status status = Infer(request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), HasSubstr("node 'bi' (RNN): it runs backward"));
  EXPECT_EQ(Scraped(daemon_, "recurd_refusals_total{reason=\"whole_sequence\"}"), 2);
}

}  // namespace
}  // namespace recurd
