// Models that take whole sequences only, by both services.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/fakes/test_stream.h"
#include "tests/unit/rpc/kserve_requests.h"
#include "tests/unit/rpc/whole_sequence_server.h"

namespace recurd {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kWhy[] =
    "model 'mirror' can't be streamed: node 'bi' (LSTM): it runs backward; send whole sequences with Infer";

class WholeSequenceCallTest : public WholeSequenceServer {
 protected:
  static v1::InferRequest Sequence(const std::vector<float>& x) {
    v1::InferRequest request;
    request.set_model("mirror");
    request.mutable_inputs()->Assign(x.begin(), x.end());
    return request;
  }
  static inference::ModelInferRequest ToMirror(inference::ModelInferRequest request) {
    request.set_model_name("mirror");
    return request;
  }
};

TEST_F(WholeSequenceCallTest, InferSeesTheStepsBehindEachStep) {
  v1::InferResponse response;
  ASSERT_TRUE(Infer(Sequence({1, 2, 3}), &response).ok());
  EXPECT_THAT(response.outputs(), ElementsAre(7, 8, 9));
  EXPECT_EQ(response.step_count(), 3u);
}

TEST_F(WholeSequenceCallTest, AStreamIsRefusedNamingTheNode) {
  TestStream stream(*server_);
  stream.Open("mirror");
  const grpc::Status status = stream.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(status.error_message(), kWhy);
  EXPECT_EQ(Refusals(Refusal::kWholeSequence), 1u);
}

TEST_F(WholeSequenceCallTest, AttachOrCreateIsRefusedAsWell) {
  TestStream stream(*server_);
  v1::StreamRequest request;
  request.mutable_open()->set_model("mirror");
  request.mutable_open()->set_mode(v1::Open::ATTACH_OR_CREATE);
  request.mutable_open()->set_session_id("mine");
  stream.Send(request);
  EXPECT_EQ(stream.Finish().error_message(), kWhy);
}

TEST_F(WholeSequenceCallTest, ImportIsRefusedWhateverTheState) {
  v1::ImportSessionRequest request;
  v1::ImportSessionResponse response;
  request.set_model("mirror");
  request.mutable_state()->set_step(7);
  const grpc::Status status = Call(native_, &v1::Recurrent::Stub::ImportSession, request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(status.error_message(), kWhy);
}

TEST_F(WholeSequenceCallTest, InferGivesNoStateAndGoesOnFromNone) {
  v1::InferResponse response;
  auto wants_state = Sequence({1}), goes_on = Sequence({1});
  wants_state.set_return_state(true);
  goes_on.mutable_state()->set_step(1);
  for (const auto& request : {wants_state, goes_on}) {
    const grpc::Status status = Infer(request, &response);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
    EXPECT_THAT(status.error_message(), StartsWith(kWhy));
  }
}

TEST_F(WholeSequenceCallTest, InferBeginsAtAStateOfStepZero) {
  const StateImage image = StateImage::Seal(*FakePipeline::MakeWholeModel(), "fake", 0, {100, 1000});
  auto request = Sequence({1, 2});
  auto* state = request.mutable_state();
  state->set_format(image.format);
  state->set_model_fingerprint(image.model_fingerprint);
  state->set_numerics_profile(image.numerics_profile);
  state->mutable_values()->Assign(image.values.begin(), image.values.end());
  state->set_crc32c(image.crc32c);
  v1::InferResponse response;
  const grpc::Status status = Infer(request, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_THAT(response.outputs(), ElementsAre(1104, 1105));
}

TEST_F(WholeSequenceCallTest, WhatIsTooLongToBeComputedWholeIsRefusedWithItsLimit) {
  Start({.max_sequence_bytes = 24});
  v1::InferResponse response;
  EXPECT_TRUE(Infer(Sequence({1, 2}), &response).ok());
  const grpc::Status status = Infer(Sequence({1, 2, 3}), &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("24 bytes to compute it in, 12 a step: send a shorter sequence"));
}

TEST_F(WholeSequenceCallTest, WhatThereIsNoMemoryForIsRefusedWithAdvice) {
  Start({.max_row_bytes = 24});
  v1::InferResponse response;
  const grpc::Status status = Infer(Sequence({1, 2, 3}), &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_message(), AllOf(HasSubstr("a sequence of 3 steps takes 12 bytes a step"),
                                            HasSubstr("the 24 bytes that all"), HasSubstr("try again in 1000 ms")));
  EXPECT_TRUE(Infer(Sequence({1, 2}), &response).ok());
}

TEST_F(WholeSequenceCallTest, TheModelSaysWhyItDoesNotStream) {
  v1::GetModelRequest request;
  v1::GetModelResponse mirror, adder;
  request.set_model("mirror");
  ASSERT_TRUE(Call(native_, &v1::Recurrent::Stub::GetModel, request, &mirror).ok());
  request.set_model("adder");
  ASSERT_TRUE(Call(native_, &v1::Recurrent::Stub::GetModel, request, &adder).ok());
  EXPECT_EQ(mirror.whole_sequence_reason(), "node 'bi' (LSTM): it runs backward");
  EXPECT_EQ(mirror.layers_size(), 2);
  EXPECT_EQ(mirror.step_ns(), 2 * adder.step_ns());
  EXPECT_EQ(adder.whole_sequence_reason(), "");

  v1::ListModelsResponse list;
  ASSERT_TRUE(Call(native_, &v1::Recurrent::Stub::ListModels, v1::ListModelsRequest(), &list).ok());
  ASSERT_EQ(list.models_size(), 2);
  EXPECT_EQ(list.models(0).whole_sequence_reason(), "");
  EXPECT_EQ(list.models(1).whole_sequence_reason(), mirror.whole_sequence_reason());
}

TEST_F(WholeSequenceCallTest, KserveServesARequestWithoutASequence) {
  inference::ModelInferResponse response;
  const grpc::Status status = Infer(ToMirror(kserve::Steps({1, 2, 3})), &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_THAT(kserve::Floats(response.raw_output_contents(0)), ElementsAre(7, 8, 9));
}

TEST_F(WholeSequenceCallTest, KserveRefusesASequenceIdWhateverItsFlags) {
  for (const kserve::Flags flags : {kserve::Flags(), kserve::kStart, kserve::kEnd, kserve::kBoth}) {
    inference::ModelInferResponse response;
    const grpc::Status status = Infer(ToMirror(kserve::Of(7, {1, 2}, flags)), &response);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
    EXPECT_EQ(status.error_message(),
              "inference request for sequence 7 to model 'mirror' can't be served: node 'bi' (LSTM): it runs backward; "
              "send each whole sequence in one request without a sequence_id");
  }
  EXPECT_EQ(Refusals(Refusal::kWholeSequence), 4u);
}

TEST_F(WholeSequenceCallTest, AKserveStreamTakesWholeSequencesAndRefusesSteps) {
  grpc::ClientContext context;
  auto stream = kserve_->ModelStreamInfer(&context);
  inference::ModelStreamInferResponse answer;
  stream->Write(ToMirror(kserve::Of(7, {1, 2}, kserve::kStart)));
  ASSERT_TRUE(stream->Read(&answer));
  EXPECT_THAT(answer.error_message(), HasSubstr("node 'bi' (LSTM): it runs backward"));
  stream->Write(ToMirror(kserve::Steps({1, 2})));
  ASSERT_TRUE(stream->Read(&answer));
  EXPECT_EQ(answer.error_message(), "");
  EXPECT_THAT(kserve::Floats(answer.infer_response().raw_output_contents(0)), ElementsAre(4, 5));
}

TEST_F(WholeSequenceCallTest, ItsKserveConfigurationHasNoSequences) {
  inference::ModelConfigRequest request;
  inference::ModelConfigResponse mirror, adder;
  request.set_name("mirror");
  const auto method = &inference::GRPCInferenceService::Stub::ModelConfig;
  ASSERT_TRUE(Call(kserve_, method, request, &mirror).ok());
  request.set_name("adder");
  ASSERT_TRUE(Call(kserve_, method, request, &adder).ok());
  EXPECT_FALSE(mirror.config().has_sequence_batching());
  EXPECT_TRUE(adder.config().has_sequence_batching());
}

}  // namespace
}  // namespace recurd
