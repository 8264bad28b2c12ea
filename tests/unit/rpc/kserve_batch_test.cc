// Several whole sequences in one ModelInferRequest.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/rpc/kserve_requests.h"
#include "tests/unit/rpc/whole_sequence_server.h"

namespace recurd::kserve {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// "mirror" has its batch in the middle: [T, N, 1].
class KserveBatchTest : public WholeSequenceServer {
 protected:
  static inference::ModelInferRequest Batch(int64_t steps, int64_t batch, const std::vector<float>& x) {
    inference::ModelInferRequest request;
    request.set_model_name("mirror");
    AddInput(&request, "x", {steps, batch, 1}, x);
    return request;
  }
};

TEST_F(KserveBatchTest, EachSequenceIsComputedForItselfAndTheAnswersAreJoined) {
  inference::ModelInferResponse response;
  const grpc::Status status = Infer(Batch(2, 3, {1, 10, 100, 2, 20, 200}), &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_THAT(response.outputs(0).shape(), ElementsAre(2, 3, 1));
  EXPECT_THAT(Floats(response.raw_output_contents(0)), ElementsAre(4, 40, 400, 5, 50, 500));
  EXPECT_EQ(response.outputs(1).name(), "h_n");
  EXPECT_THAT(response.outputs(1).shape(), ElementsAre(1, 3, 1));
  EXPECT_THAT(Floats(response.raw_output_contents(1)), ElementsAre(5, 50, 500));
}

TEST_F(KserveBatchTest, OnlyTheLastStepsAreComputedWhereNoOtherIsWanted) {
  auto request = Batch(2, 2, {1, 10, 2, 20});
  request.add_outputs()->set_name("h_n");
  inference::ModelInferResponse response;
  ASSERT_TRUE(Infer(request, &response).ok());
  EXPECT_THAT(Floats(response.raw_output_contents(0)), ElementsAre(5, 50));
}

TEST_F(KserveBatchTest, EachSequenceHasItsOwnInitialStates) {
  auto request = Batch(1, 2, {1, 2});
  AddInput(&request, "h_0", {2, 2, 1}, {10, 20, 100, 200});
  inference::ModelInferResponse response;
  ASSERT_TRUE(Infer(request, &response).ok());
  EXPECT_THAT(Floats(response.raw_output_contents(0)), ElementsAre(112, 224));
}

TEST_F(KserveBatchTest, ASequenceThatCanNotBeComputedFailsTheBatch) {
  inference::ModelInferResponse response;
  const grpc::Status status = Infer(Batch(2, 3, {1, 3e38f, 3, 4, 3e38f, 6}), &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::OUT_OF_RANGE);
  EXPECT_EQ(response.outputs_size(), 0);
  EXPECT_TRUE(Infer(Batch(1, 1, {1}), &response).ok());
}

TEST_F(KserveBatchTest, ABatchIsRefusedAsOne) {
  Start({.max_row_bytes = 12});
  inference::ModelInferResponse response;
  EXPECT_EQ(Infer(Batch(2, 3, {1, 2, 3, 4, 5, 6}), &response).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(Refusals(Refusal::kNoMemory), 1u);
  EXPECT_TRUE(Infer(Batch(1, 3, {1, 2, 3}), &response).ok()) << "they are computed in the same rows";
}

TEST_F(KserveBatchTest, ABatchWhoseAnswerIsTooLargeIsRefused) {
  Start({.max_message_bytes = 16});
  inference::ModelInferResponse response;
  EXPECT_TRUE(Infer(Batch(2, 2, {1, 2, 3, 4}), &response).ok());
  const grpc::Status status = Infer(Batch(2, 3, {1, 2, 3, 4, 5, 6}), &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("a batch of 3 sequences of 2 steps to model 'mirror' has 24 bytes of "
                                                "outputs; the limit is 16"));
}

TEST_F(KserveBatchTest, ABatchHasALimit) {
  inference::ModelInferResponse response;
  EXPECT_TRUE(Infer(Batch(1, 1024, std::vector<float>(1024, 1.0f)), &response).ok());
  const grpc::Status status = Infer(Batch(1, 1025, std::vector<float>(1025, 1.0f)), &response);
  EXPECT_THAT(status.error_message(),
              HasSubstr("has 1025 sequences (axis 1 of [1,1025,1]); a request takes 1 to 1024"));
}

TEST_F(KserveBatchTest, AModelThatDoesNotSayWhichAxisItIsTakesNone) {
  auto request = Batch(2, 3, {1, 2, 3, 4, 5, 6});
  request.set_model_name("adder");
  inference::ModelInferResponse response;
  EXPECT_THAT(Infer(request, &response).error_message(), HasSubstr("Expected [-1,1,1], got [2,3,1]"));
}

TEST_F(KserveBatchTest, AModelThatStreamsTakesBatchesOfWholeSequencesOnly) {
  auto model = std::make_shared<Model>(*FakePipeline::MakeModel("batched"));
  model->inputs[0].batch_axis = model->outputs[0].batch_axis = model->outputs[1].batch_axis = 1;
  model->state_inputs[0].batch_axis = 1;
  auto served = server_->Prepare(model);
  server_->Do([&](FakePipeline&) { server_->rpc().engine().Serve(served); });
  auto request = Batch(2, 3, {1, 10, 100, 2, 20, 200});
  request.set_model_name("batched");
  inference::ModelInferResponse response;
  ASSERT_TRUE(Infer(request, &response).ok());
  EXPECT_THAT(Floats(response.raw_output_contents(0)), ElementsAre(1, 10, 100, 3, 30, 300));
  Parameter(&request, "sequence_id").set_int64_param(7);
  Parameter(&request, "sequence_start").set_bool_param(true);
  EXPECT_THAT(Infer(request, &response).error_message(),
              HasSubstr("a batch of 3 sequences to model 'batched' names sequence 7"));
}

TEST_F(KserveBatchTest, ACallThatIsCancelledInABatchLeavesNothing) {
  server_->Do([](FakePipeline& pipeline) { pipeline.hold = true; });
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(200));
  inference::ModelInferResponse response;
  const grpc::Status status = kserve_->ModelInfer(&context, Batch(2, 3, {1, 2, 3, 4, 5, 6}), &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  server_->pipeline().hold = false;
  ASSERT_TRUE(Infer(Batch(2, 2, {1, 10, 2, 20}), &response).ok());
  EXPECT_THAT(Floats(response.raw_output_contents(0)), ElementsAre(4, 40, 5, 50));
}

}  // namespace
}  // namespace recurd::kserve
