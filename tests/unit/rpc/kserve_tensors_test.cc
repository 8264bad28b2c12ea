#include "server/rpc/kserve_tensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/unit/rpc/kserve_requests.h"

namespace recurd::kserve {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr int kMaxSteps = 8;

// Rows of "a" (2 values, time first) and "b" (3 values, time last); two layers' states, the second in a piece of "h_0".
Model TwoInputs() {
  Model model;
  model.name = "two";
  model.input_size = 5;
  model.output_size = 4;
  model.inputs = {{.name = "a", .row = {0, 2}, .shape = {-1, 1, 2}}, {.name = "b", .row = {2, 3}, .shape = {1, 3, -1}}};
  model.outputs = {{.name = "y", .row = {0, 2}, .shape = {1, -1, 2}},
                   {.name = "z", .row = {2, 2}, .shape = {2, -1}},
                   {.name = "h_n", .row = {1, 3}, .shape = {3, 1}, .has_time_axis = false}};
  model.initial_state = {10, 20, 30, 40};
  model.states = {{.name = "p.h", .input_name = "h_0", .offset = 0, .size = 2, .input_offset = 1},
                  {.name = "q.h", .input_name = "h_0", .offset = 3, .size = 1, .input_offset = 0}};
  model.state_inputs = {{.name = "h_0", .shape = {3, 1}}};
  return model;
}

inference::ModelInferRequest TwoSteps() {
  inference::ModelInferRequest request;
  AddInput(&request, "a", {2, 1, 2}, {1, 2, 3, 4});
  AddInput(&request, "b", {1, 3, 2}, {5, 6, 7, 8, 9, 10});
  return request;
}

Tensors Read(const inference::ModelInferRequest& request) {
  Tensors tensors;
  std::string why;
  EXPECT_EQ(ReadTensors(request, TwoInputs(), kMaxSteps, &tensors, &why), Refusal::kNone) << why;
  return tensors;
}

std::string WhyNot(const inference::ModelInferRequest& request, Refusal refusal = Refusal::kMalformed) {
  Tensors tensors;
  std::string why;
  EXPECT_EQ(ReadTensors(request, TwoInputs(), kMaxSteps, &tensors, &why), refusal);
  return why;
}

TEST(KserveTensorsTest, LaysEachInputIntoTheRowsWhereverItsTimeAxisIs) {
  const Tensors tensors = Read(TwoSteps());
  EXPECT_EQ(tensors.steps, 2);
  EXPECT_THAT(tensors.rows, ElementsAre(1, 2, 5, 7, 9, 3, 4, 6, 8, 10));
  EXPECT_THAT(tensors.state, IsEmpty());
}

TEST(KserveTensorsTest, TakesInputsInAnyOrderAndTyped) {
  const auto raw = TwoSteps();
  inference::ModelInferRequest typed;
  for (int i : {1, 0}) {
    auto* input = typed.add_inputs();
    *input = raw.inputs(i);
    for (const float value : Floats(raw.raw_input_contents(i))) input->mutable_contents()->add_fp32_contents(value);
  }
  EXPECT_EQ(Read(typed).rows, Read(raw).rows);
}

TEST(KserveTensorsTest, InitialStatesGoWhereTheLayersKeepThem) {
  auto request = TwoSteps();
  AddInput(&request, "h_0", {3, 1}, {7, 8, 9});
  EXPECT_THAT(Read(request).state, ElementsAre(8, 9, 30, 7));
}

TEST(KserveTensorsTest, WritesOutputsInTheirOwnLayout) {
  const Tensors tensors = Read(TwoSteps());
  inference::ModelInferResponse response;
  WriteOutputs(TwoInputs(), tensors, {{1, 2, 3, 4, 5, 6, 7, 8}}, &response);
  ASSERT_EQ(response.raw_output_contents_size(), 3);
  EXPECT_THAT(response.outputs(0).shape(), ElementsAre(1, 2, 2));
  EXPECT_THAT(Floats(response.raw_output_contents(0)), ElementsAre(1, 2, 5, 6));
  EXPECT_THAT(response.outputs(1).shape(), ElementsAre(2, 2));
  EXPECT_THAT(Floats(response.raw_output_contents(1)), ElementsAre(3, 7, 4, 8));
  EXPECT_THAT(response.outputs(2).shape(), ElementsAre(3, 1));
  EXPECT_THAT(Floats(response.raw_output_contents(2)), ElementsAre(6, 7, 8));
  EXPECT_EQ(response.outputs(2).datatype(), "FP32");
}

TEST(KserveTensorsTest, WritesTheWantedOutputsInTheWantedOrder) {
  auto request = TwoSteps();
  request.add_outputs()->set_name("h_n");
  EXPECT_TRUE(Read(request).last_only);
  request.add_outputs()->set_name("y");
  const Tensors tensors = Read(request);
  EXPECT_FALSE(tensors.last_only);
  inference::ModelInferResponse response;
  WriteOutputs(TwoInputs(), tensors, {{1, 2, 3, 4, 5, 6, 7, 8}}, &response);
  EXPECT_THAT(Floats(response.raw_output_contents(0)), ElementsAre(6, 7, 8));
  EXPECT_THAT(Floats(response.raw_output_contents(1)), ElementsAre(1, 2, 5, 6));
}

TEST(KserveTensorsTest, WritesAnOutputWithoutTimeFromTheLastRowAlone) {
  auto request = TwoSteps();
  request.add_outputs()->set_name("h_n");
  inference::ModelInferResponse response;
  WriteOutputs(TwoInputs(), Read(request), {{5, 6, 7, 8}}, &response);
  EXPECT_THAT(Floats(response.raw_output_contents(0)), ElementsAre(6, 7, 8));
}

TEST(KserveTensorsTest, RefusesOtherTypesByName) {
  for (const std::string type : {"FP16", "BF16", "FP64", "INT64", "UINT8", "BOOL", "BYTES", "", "fp32"}) {
    auto request = TwoSteps();
    request.mutable_inputs(0)->set_datatype(type);
    EXPECT_THAT(WhyNot(request), HasSubstr("data-type '" + type + "', but the model expects 'FP32'"));
  }
}

TEST(KserveTensorsTest, RawAndTypedContentsDoNotMix) {
  auto request = TwoSteps();
  request.mutable_inputs(1)->mutable_contents();
  EXPECT_THAT(WhyNot(request),
              StartsWith("contents field must not be specified when using raw_input_contents for 'b' for model 'two'"));
}

TEST(KserveTensorsTest, AsksForTheDataOfEveryInput) {
  auto request = TwoSteps();
  request.mutable_raw_input_contents()->RemoveLast();
  EXPECT_THAT(WhyNot(request), HasSubstr("2 inputs and 1 raw_input_contents"));
  request.clear_raw_input_contents();
  EXPECT_THAT(WhyNot(request), StartsWith("unable to find data for input tensor 'a' for model 'two' in request."));
}

TEST(KserveTensorsTest, TypedValuesAreInTheFieldOfTheirType) {
  auto request = TwoSteps();
  request.clear_raw_input_contents();
  request.mutable_inputs(0)->mutable_contents()->add_int_contents(1);
  EXPECT_THAT(WhyNot(request), StartsWith("unexpected explicit tensor data for input tensor 'a' for model 'two'"));
}

TEST(KserveTensorsTest, CountsBytesAndElements) {
  auto request = TwoSteps();
  request.mutable_raw_input_contents(0)->push_back('x');
  EXPECT_THAT(WhyNot(request, Refusal::kWrongLength),
              StartsWith("unexpected total byte size 17 for input tensor 'a' for model 'two', expecting 16"));
  request.clear_raw_input_contents();
  request.mutable_inputs(0)->mutable_contents()->add_fp32_contents(1);
  EXPECT_THAT(WhyNot(request, Refusal::kWrongLength), StartsWith("unexpected number of elements 1"));
}

TEST(KserveTensorsTest, RefusesOtherShapesNamingBoth) {
  for (const std::vector<int64_t>& shape : std::vector<std::vector<int64_t>>{
           {2, 2}, {2, 1, 3}, {2, 2, 1}, {2, 1, -2}, {}, {2, 1, 2, 1}, {2, 1, int64_t{1} << 62}}) {
    auto request = TwoSteps();
    request.mutable_inputs(0)->mutable_shape()->Assign(shape.begin(), shape.end());
    EXPECT_THAT(WhyNot(request, Refusal::kWrongLength), HasSubstr("Expected [-1,1,2], got ["));
  }
}

TEST(KserveTensorsTest, TheNumberOfStepsHasBounds) {
  for (const int64_t steps : {int64_t{0}, int64_t{-1}, int64_t{kMaxSteps + 1}, INT64_MAX, INT64_MIN}) {
    auto request = TwoSteps();
    request.mutable_inputs(0)->set_shape(0, steps);
    EXPECT_THAT(WhyNot(request, Refusal::kTooManySteps), HasSubstr("it takes 1 to 8 (--max_chunk_steps)"));
  }
}

TEST(KserveTensorsTest, AllInputsHaveTheSameNumberOfSteps) {
  auto request = TwoSteps();
  request.mutable_inputs(1)->set_shape(2, 1);
  EXPECT_THAT(WhyNot(request, Refusal::kWrongLength), HasSubstr("has 1 steps, another input has 2"));
}

TEST(KserveTensorsTest, NamesInputsThatAreMissingUnknownOrTwice) {
  inference::ModelInferRequest request;
  EXPECT_THAT(WhyNot(request), StartsWith("expected 2 inputs but got 0 inputs for model 'two'"));
  request = TwoSteps();
  request.mutable_inputs(1)->set_name("c");
  EXPECT_THAT(WhyNot(request), StartsWith("unexpected inference input 'c' for model 'two'"));
  request = TwoSteps();
  AddInput(&request, "a", {2, 1, 2}, {1, 2, 3, 4});
  EXPECT_THAT(WhyNot(request), HasSubstr("'a' for model 'two' is given twice"));
  AddInput(&request, "d", {1}, {1});
  EXPECT_THAT(WhyNot(request), StartsWith("expected 3 inputs but got 4"));
}

TEST(KserveTensorsTest, NamesOutputsThatAreUnknownOrTwice) {
  auto request = TwoSteps();
  request.add_outputs()->set_name("nothing");
  EXPECT_THAT(WhyNot(request), StartsWith("unexpected inference output 'nothing' for model 'two'"));
  request.mutable_outputs(0)->set_name("y");
  request.add_outputs()->set_name("y");
  EXPECT_THAT(WhyNot(request), HasSubstr("requested twice"));
  for (int i = 0; i < 2; ++i) request.add_outputs()->set_name("y");
  EXPECT_THAT(WhyNot(request), HasSubstr("wants 4 outputs"));
}

TEST(KserveTensorsTest, ValuesElsewhereAndOtherFormsOfOutputsAreRefused) {
  auto request = TwoSteps();
  (*request.mutable_inputs(0)->mutable_parameters())["shared_memory_region"].set_string_param("r");
  EXPECT_THAT(WhyNot(request, Refusal::kUnsupported), HasSubstr("region 'r'"));
  request = TwoSteps();
  request.add_outputs()->set_name("y");
  (*request.mutable_outputs(0)->mutable_parameters())["classification"].set_int64_param(3);
  EXPECT_THAT(WhyNot(request, Refusal::kUnsupported), HasSubstr("classification"));
  (*request.mutable_outputs(0)->mutable_parameters()).clear();
  (*request.mutable_outputs(0)->mutable_parameters())["binary_data"].set_bool_param(true);
  Read(request);
}

TEST(KserveTensorsTest, RefusesNaNAndInfinityButNotHugeValues) {
  for (const float value : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    auto request = TwoSteps();
    request.set_raw_input_contents(1, Bytes({5, 6, 7, value, 9, 10}));
    EXPECT_THAT(WhyNot(request, Refusal::kNotFinite), HasSubstr("NaN"));
    request = TwoSteps();
    AddInput(&request, "h_0", {3, 1}, {value, 8, 9});
    EXPECT_THAT(WhyNot(request, Refusal::kNotFinite), HasSubstr("NaN"));
  }
  auto request = TwoSteps();
  request.set_raw_input_contents(1, Bytes({5, 6, 7, std::numeric_limits<float>::max(), 9, 10}));
  Read(request);
}

// Two sequences of two steps. The batch of "a" is in the middle, of "b" in front, of "h_0" behind.
Model Batched() {
  Model model = TwoInputs();
  model.inputs[0].batch_axis = 1;
  model.inputs[1].batch_axis = 0;
  model.outputs[0].batch_axis = 0;
  model.outputs[1].shape = {1, 2, -1};
  model.outputs[1].batch_axis = 0;
  model.outputs[2].batch_axis = 1;
  model.state_inputs[0].batch_axis = 1;
  return model;
}

inference::ModelInferRequest TwoOfTwo() {
  inference::ModelInferRequest request;
  AddInput(&request, "a", {2, 2, 2}, {1, 2, 11, 12, 3, 4, 13, 14});
  AddInput(&request, "b", {2, 3, 2}, {5, 6, 7, 8, 9, 10, 15, 16, 17, 18, 19, 20});
  return request;
}

std::string WhyNotOf(const Model& model, const inference::ModelInferRequest& request, Refusal refusal) {
  Tensors tensors;
  std::string why;
  EXPECT_EQ(ReadTensors(request, model, kMaxSteps, &tensors, &why), refusal);
  return why;
}

TEST(KserveTensorsTest, ABatchIsLaidOutSequenceAfterSequenceWhereverItsAxisIs) {
  Tensors tensors;
  std::string why;
  ASSERT_EQ(ReadTensors(TwoOfTwo(), Batched(), kMaxSteps, &tensors, &why), Refusal::kNone) << why;
  EXPECT_EQ(tensors.batch, 2);
  EXPECT_THAT(tensors.rows, ElementsAre(1, 2, 5, 7, 9, 3, 4, 6, 8, 10, 11, 12, 15, 17, 19, 13, 14, 16, 18, 20));
}

TEST(KserveTensorsTest, ABatchOfOneIsWhatItIsWithoutOne) {
  Tensors tensors;
  std::string why;
  ASSERT_EQ(ReadTensors(TwoSteps(), Batched(), kMaxSteps, &tensors, &why), Refusal::kNone) << why;
  EXPECT_EQ(tensors.batch, 1);
  EXPECT_EQ(tensors.rows, Read(TwoSteps()).rows);
}

TEST(KserveTensorsTest, InitialStatesOfABatchGoToTheirSequences) {
  auto request = TwoOfTwo();
  AddInput(&request, "h_0", {3, 2}, {7, 70, 8, 80, 9, 90});
  Tensors tensors;
  std::string why;
  ASSERT_EQ(ReadTensors(request, Batched(), kMaxSteps, &tensors, &why), Refusal::kNone) << why;
  EXPECT_THAT(tensors.state, ElementsAre(8, 9, 30, 7, 80, 90, 30, 70));
}

TEST(KserveTensorsTest, InputsOfDifferentBatchesAreRefused) {
  auto request = TwoOfTwo();
  AddInput(&request, "h_0", {3, 1}, {7, 8, 9});
  EXPECT_THAT(WhyNotOf(Batched(), request, Refusal::kWrongLength),
              HasSubstr("has 1 sequences, another input has 2; all have to agree"));
}

TEST(KserveTensorsTest, AModelWithATensorWhoseBatchIsNotKnownTakesNone) {
  Model model = Batched();
  model.outputs[2].batch_axis = -1;
  EXPECT_FALSE(TakesBatches(model));
  EXPECT_THAT(WhyNotOf(model, TwoOfTwo(), Refusal::kWrongLength), HasSubstr("Expected [-1,1,2], got [2,2,2]"));
}

TEST(KserveTensorsTest, ABatchesInitialStatesHaveALimit) {
  Model model = Batched();
  model.initial_state.resize(3 << 20);
  auto request = TwoOfTwo();
  AddInput(&request, "h_0", {3, 2}, {7, 70, 8, 80, 9, 90});
  EXPECT_THAT(WhyNotOf(model, request, Refusal::kWrongLength), HasSubstr("take 25165824 bytes; the limit is 16777216"));
}

TEST(KserveTensorsTest, OutputsOfABatchAreJoinedAlongItsAxis) {
  const Tensors tensors = {.batch = 2, .steps = 2, .outputs = {0, 1, 2}};
  inference::ModelInferResponse response;
  WriteOutputs(Batched(), tensors, {{1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 14, 15, 16, 17, 18}}, &response);
  EXPECT_THAT(response.outputs(0).shape(), ElementsAre(2, 2, 2));
  EXPECT_THAT(Floats(response.raw_output_contents(0)), ElementsAre(1, 2, 5, 6, 11, 12, 15, 16));
  EXPECT_THAT(response.outputs(1).shape(), ElementsAre(2, 2, 2));
  EXPECT_THAT(Floats(response.raw_output_contents(1)), ElementsAre(3, 7, 4, 8, 13, 17, 14, 18));
  EXPECT_THAT(response.outputs(2).shape(), ElementsAre(3, 2));
  EXPECT_THAT(Floats(response.raw_output_contents(2)), ElementsAre(6, 16, 7, 17, 8, 18));
}

// Inputs that say how long the sequences are.
Model WithLengths() {
  Model model = Batched();
  model.length_inputs = {"lens"};
  return model;
}

template <typename Int>
void AddLengths(inference::ModelInferRequest* request, const std::string& type, const std::vector<Int>& lengths) {
  AddInput(request, "lens", {static_cast<int64_t>(lengths.size())}, {});
  request->mutable_inputs()->rbegin()->set_datatype(type);
  request->mutable_raw_input_contents()->rbegin()->assign(reinterpret_cast<const char*>(lengths.data()),
                                                          lengths.size() * sizeof(Int));
}

TEST(KserveTensorsTest, ALengthThatIsTheNumberOfStepsChangesNothing) {
  auto narrow = TwoOfTwo(), wide = TwoOfTwo();
  AddLengths<int32_t>(&narrow, "INT32", {2, 2});
  AddLengths<int64_t>(&wide, "INT64", {2, 2});
  for (const auto& request : {narrow, wide}) WhyNotOf(WithLengths(), request, Refusal::kNone);
}

TEST(KserveTensorsTest, ATypedLengthIsReadAsWell) {
  inference::ModelInferRequest request;
  for (const TensorSpec& spec : WithLengths().inputs) {
    auto* input = request.add_inputs();
    input->set_name(spec.name);
    input->set_datatype("FP32");
    for (const int64_t size : spec.shape) input->add_shape(size == -1 ? 1 : size);
    for (int i = 0; i < spec.row.size; ++i) input->mutable_contents()->add_fp32_contents(1);
  }
  auto* input = request.add_inputs();
  input->set_name("lens");
  input->set_datatype("INT32");
  input->add_shape(1);
  input->mutable_contents()->add_int_contents(1);
  WhyNotOf(WithLengths(), request, Refusal::kNone);
  input->mutable_contents()->set_int_contents(0, 3);
  EXPECT_THAT(WhyNotOf(WithLengths(), request, Refusal::kWrongLength),
              HasSubstr("says 3 steps, the other inputs have 1"));
  input->clear_contents();
  EXPECT_THAT(WhyNotOf(WithLengths(), request, Refusal::kWrongLength), HasSubstr("total byte size 0"));
}

TEST(KserveTensorsTest, ALengthThatIsNotTheNumberOfStepsIsRefusedNamingBoth) {
  auto request = TwoOfTwo();
  AddLengths<int32_t>(&request, "INT32", {2, 1});
  EXPECT_THAT(WhyNotOf(WithLengths(), request, Refusal::kWrongLength),
              HasSubstr("'lens' for model 'two' says 1 steps, the other inputs have 2"));
}

TEST(KserveTensorsTest, ALengthThatIsNoneIsRefused) {
  auto shape = TwoOfTwo(), type = TwoOfTwo(), bytes = TwoOfTwo();
  AddLengths<int32_t>(&shape, "INT32", {2});
  EXPECT_THAT(WhyNotOf(WithLengths(), shape, Refusal::kWrongLength), HasSubstr("Expected [2], got [1]"));
  AddLengths<int32_t>(&type, "FP32", {2, 2});
  EXPECT_THAT(WhyNotOf(WithLengths(), type, Refusal::kMalformed), HasSubstr("the model expects 'INT32'"));
  AddLengths<int64_t>(&bytes, "INT32", {2, 2});
  EXPECT_THAT(WhyNotOf(WithLengths(), bytes, Refusal::kWrongLength), HasSubstr("total byte size 16"));
}

}  // namespace
}  // namespace recurd::kserve
