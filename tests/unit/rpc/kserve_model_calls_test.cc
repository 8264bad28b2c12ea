#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>

#include "proto/inference/grpc_predict_v2.grpc.pb.h"
#include "tests/unit/fakes/in_process_server.h"
#include "tests/unit/rpc/kserve_requests.h"

namespace recurd::kserve {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using Stub = inference::GRPCInferenceService::Stub;

class KserveModelCallsTest : public ::testing::Test {
 protected:
  template <typename Request, typename Response>
  grpc::Status Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                    const Request& request, Response* response) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    return (stub_.get()->*method)(&context, request, response);
  }
  template <typename Request>
  static Request Named(const std::string& name, const std::string& version = "") {
    Request request;
    request.set_name(name);
    request.set_version(version);
    return request;
  }
  bool ModelReady(const std::string& name, const std::string& version = "") {
    inference::ModelReadyResponse response;
    EXPECT_TRUE(Call(&Stub::ModelReady, Named<inference::ModelReadyRequest>(name, version), &response).ok());
    return response.ready();
  }

  InProcessServer server_;
  std::unique_ptr<Stub> stub_ = inference::GRPCInferenceService::NewStub(server_.Channel());
};

TEST_F(KserveModelCallsTest, TheServerIsLiveAndReady) {
  inference::ServerLiveResponse live;
  inference::ServerReadyResponse ready;
  EXPECT_TRUE(Call(&Stub::ServerLive, inference::ServerLiveRequest(), &live).ok());
  EXPECT_TRUE(Call(&Stub::ServerReady, inference::ServerReadyRequest(), &ready).ok());
  EXPECT_TRUE(live.live());
  EXPECT_TRUE(ready.ready());
}

TEST_F(KserveModelCallsTest, AModelIsReadyIfItIsServed) {
  EXPECT_TRUE(ModelReady("adder"));
  EXPECT_TRUE(ModelReady("adder", "1"));
  EXPECT_FALSE(ModelReady("adder", "2"));
  EXPECT_FALSE(ModelReady("nobody"));
}

TEST_F(KserveModelCallsTest, NothingIsReadyWhileThePipelineIsDownButTheServerLives) {
  server_.pipeline().hold_repair = true;
  server_.Do([](FakePipeline& pipeline) { pipeline.script = {FakePipeline::Lost()}; });
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(300));
  inference::ModelInferResponse ignored;
  stub_->ModelInfer(&context, Steps({1}), &ignored);
  inference::ServerLiveResponse live;
  inference::ServerReadyResponse ready;
  inference::RepositoryIndexResponse index;
  EXPECT_TRUE(Call(&Stub::ServerLive, inference::ServerLiveRequest(), &live).ok());
  EXPECT_TRUE(Call(&Stub::ServerReady, inference::ServerReadyRequest(), &ready).ok());
  EXPECT_TRUE(Call(&Stub::RepositoryIndex, inference::RepositoryIndexRequest(), &index).ok());
  EXPECT_TRUE(live.live());
  EXPECT_FALSE(ready.ready());
  EXPECT_FALSE(ModelReady("adder"));
  EXPECT_EQ(index.models(0).state(), "UNAVAILABLE");
  EXPECT_THAT(index.models(0).reason(), HasSubstr("repaired"));
  server_.pipeline().hold_repair = false;
}

TEST_F(KserveModelCallsTest, TheServerListsTheExtensionsThatItHas) {
  inference::ServerMetadataResponse response;
  ASSERT_TRUE(Call(&Stub::ServerMetadata, inference::ServerMetadataRequest(), &response).ok());
  EXPECT_EQ(response.name(), "recurd");
  EXPECT_THAT(response.extensions(), Contains("sequence"));
  EXPECT_THAT(response.extensions(), Contains("sequence(string_id)"));
  EXPECT_THAT(response.extensions(), Not(Contains("system_shared_memory")));
}

TEST_F(KserveModelCallsTest, AModelsMetadataShowsTimeAsAnOpenAxisAndNoStateInputs) {
  inference::ModelMetadataResponse response;
  ASSERT_TRUE(Call(&Stub::ModelMetadata, Named<inference::ModelMetadataRequest>("adder"), &response).ok());
  EXPECT_EQ(response.name(), "adder");
  EXPECT_THAT(response.versions(), ElementsAre("1"));
  ASSERT_EQ(response.inputs_size(), 1);
  EXPECT_EQ(response.inputs(0).name(), "x");
  EXPECT_EQ(response.inputs(0).datatype(), "FP32");
  EXPECT_THAT(response.inputs(0).shape(), ElementsAre(-1, 1, 1));
  ASSERT_EQ(response.outputs_size(), 2);
  EXPECT_THAT(response.outputs(1).shape(), ElementsAre(1, 1, 1));
}

TEST_F(KserveModelCallsTest, AnUnknownModelIsNotFoundInTheWordsThatClientsKnow) {
  inference::ModelMetadataResponse metadata;
  inference::ModelConfigResponse config;
  inference::ModelStatisticsResponse statistics;
  for (const grpc::Status& status :
       {Call(&Stub::ModelMetadata, Named<inference::ModelMetadataRequest>("nobody"), &metadata),
        Call(&Stub::ModelConfig, Named<inference::ModelConfigRequest>("nobody"), &config),
        Call(&Stub::ModelStatistics, Named<inference::ModelStatisticsRequest>("nobody"), &statistics)}) {
    EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
    EXPECT_THAT(status.error_message(), StartsWith("Request for unknown model: 'nobody' is not found"));
    EXPECT_THAT(status.error_message(), HasSubstr("adder/1"));
  }
}

TEST_F(KserveModelCallsTest, AModelsConfigurationHasSequenceBatching) {
  inference::ModelConfigResponse response;
  ASSERT_TRUE(Call(&Stub::ModelConfig, Named<inference::ModelConfigRequest>("adder"), &response).ok());
  const inference::ModelConfig& config = response.config();
  EXPECT_TRUE(config.has_sequence_batching());
  EXPECT_EQ(config.sequence_batching().max_sequence_idle_microseconds(), 600'000'000u);
  EXPECT_EQ(config.max_batch_size(), 0);
  EXPECT_EQ(config.input(0).data_type(), inference::TYPE_FP32);
  EXPECT_THAT(config.input(0).dims(), ElementsAre(-1, 1, 1));
  EXPECT_EQ(config.output(1).name(), "h_n");
  EXPECT_EQ(config.parameters().at("state_inputs").string_value(), "h_0[1,1,1]");
}

TEST_F(KserveModelCallsTest, StatisticsCountAnswersFailuresAndTheirTimes) {
  for (int i = 0; i < 3; ++i) {
    inference::ModelInferResponse response;
    EXPECT_TRUE(Call(&Stub::ModelInfer, Of(7, {1}, kStart), &response).ok());
    EXPECT_FALSE(Call(&Stub::ModelInfer, Of(8, {1}), &response).ok());
  }
  inference::ModelStatisticsResponse response;
  ASSERT_TRUE(Call(&Stub::ModelStatistics, inference::ModelStatisticsRequest(), &response).ok());
  ASSERT_EQ(response.model_stats_size(), 1);
  const inference::ModelStatistics& statistics = response.model_stats(0);
  EXPECT_EQ(statistics.name(), "adder");
  EXPECT_EQ(statistics.inference_count(), 3u);
  EXPECT_EQ(statistics.inference_stats().fail().count(), 3u);
  EXPECT_EQ(statistics.inference_stats().compute_infer().count(), 3u);
  EXPECT_GE(statistics.inference_stats().success().ns(), statistics.inference_stats().compute_infer().ns());
}

TEST_F(KserveModelCallsTest, TheIndexListsWhatIsServed) {
  inference::RepositoryIndexRequest request;
  request.set_ready(true);
  inference::RepositoryIndexResponse response;
  ASSERT_TRUE(Call(&Stub::RepositoryIndex, request, &response).ok());
  ASSERT_EQ(response.models_size(), 1);
  EXPECT_EQ(response.models(0).name(), "adder");
  EXPECT_EQ(response.models(0).version(), "1");
  EXPECT_EQ(response.models(0).state(), "READY");
}

}  // namespace
}  // namespace recurd::kserve
