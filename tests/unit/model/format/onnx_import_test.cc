#include "server/model/format/onnx_import.h"

#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/model/validate.h"
#include "tests/unit/model/format/graph_builder.h"

namespace recurd {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::FloatNear;
using testing::HasSubstr;
using testing::Pointwise;

std::string ReadFile(const std::string& path) {
  std::ifstream file(RECURD_SOURCE_DIR "/" + path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}
std::string DigitsBytes() { return ReadFile("deploy/models/digits/1/model.onnx"); }

// The rows of held_out.csv: sequence, step, label, eight pixels.
std::vector<float> HeldOutPixels() {
  std::istringstream lines(ReadFile("deploy/models/digits/held_out.csv"));
  std::vector<float> pixels;
  std::string line, cell;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    std::istringstream cells(line);
    for (int column = 0; std::getline(cells, cell, ','); ++column) {
      if (column >= 3) pixels.push_back(std::stof(cell));
    }
  }
  return pixels;
}

class ShippedModelTest : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Digits, ShippedModelTest, testing::Values("digits", "digits_reset_before"));

TEST_P(ShippedModelTest, AgreesWithPyTorchAtEveryStep) {
  constexpr float kBound = 1e-5F;  // tests/golden/README.md: PyTorch itself rounds by 4.2e-6
  constexpr int kSequences = 200, kSteps = 8, kPixels = 8, kLogits = 10, kHeaderBytes = 24;
  const auto model = ImportOnnx(ReadFile("deploy/models/" + GetParam() + "/1/model.onnx"), GetParam(), "1");
  ASSERT_TRUE(model.ok()) << model.status();
  const std::string golden = ReadFile("tests/golden/" + GetParam() + "_outputs.bin");
  ASSERT_EQ(golden.size(), kHeaderBytes + sizeof(float) * kSequences * kSteps * kLogits);
  const std::vector<float> pixels = HeldOutPixels();
  ASSERT_EQ(pixels.size(), kSequences * kSteps * kPixels);
  for (int sequence = 0; sequence < kSequences; ++sequence) {
    const auto begin = pixels.begin() + sequence * kSteps * kPixels;
    const std::vector<float> outputs =
        GraphBuilder::Run(*model, {begin, begin + kSteps * kPixels}, model->initial_state);
    std::vector<float> expected(kSteps * kLogits);
    std::memcpy(expected.data(), golden.data() + kHeaderBytes + sizeof(float) * sequence * expected.size(),
                sizeof(float) * expected.size());
    ASSERT_THAT(outputs, Pointwise(FloatNear(kBound), expected)) << "sequence " << sequence;
  }
}

TEST(OnnxImportTest, DigitsIsScaleLayerAndHead) {
  const auto model = ImportOnnx(DigitsBytes(), "digits", "1");
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->name, "digits");
  EXPECT_EQ(model->version, "1");
  EXPECT_EQ(model->ops.size(), 3);
  EXPECT_EQ(model->state_op_count, 2);
  EXPECT_EQ(model->state_size(), 32);
  EXPECT_EQ(model->parameter_count, 4362);
  EXPECT_EQ(model->inputs[0].name, "pixels");
  EXPECT_THAT(model->inputs[0].shape, ElementsAre(-1, 1, 8));
  EXPECT_THAT(model->outputs[0].shape, ElementsAre(-1, 1, 10));
}

TEST(OnnxImportTest, TheFingerprintTellsFilesApart) {
  GraphBuilder one, other;
  one.Output(one.Through(1));
  other.Output(other.Through(2));
  EXPECT_THAT(one.Import()->fingerprint, testing::MatchesRegex("[0-9a-f]+"));
  EXPECT_EQ(one.Import()->fingerprint.size(), 16);
  EXPECT_EQ(one.Import()->fingerprint, one.Import()->fingerprint);
  EXPECT_NE(one.Import()->fingerprint, other.Import()->fingerprint);
}

TEST(OnnxImportTest, EveryPrefixOfAFileIsRefused) {
  const std::string bytes = DigitsBytes();
  for (size_t size = 0; size < bytes.size(); size += size < 512 ? 1 : 61) {
    EXPECT_FALSE(ImportOnnx({bytes.data(), size}, "cut", "1").ok()) << size;
  }
}

TEST(OnnxImportTest, DamagedFilesAreRefusedOrGiveValidModels) {
  const std::string intact = DigitsBytes();
  int refused_count = 0;
  for (size_t bit = 0; bit < intact.size() * 8; bit += bit < 16384 ? 3 : 511) {
    std::string bytes = intact;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    const auto model = ImportOnnx(bytes, "damaged", "1");
    refused_count += !model.ok();
    if (!model.ok()) continue;
    ASSERT_TRUE(ValidateModel(*model).ok()) << bit;
    GraphBuilder::Run(*model, std::vector<float>(3 * model->input_size, 1.0F), model->initial_state);
  }
  EXPECT_GT(refused_count, 1000);
}

TEST(OnnxImportTest, FilesThatAreNoModelsAreRefused) {
  EXPECT_THAT(ImportOnnx("", "empty", "1").status().message(), HasSubstr("(0 bytes) is no ONNX model"));
  EXPECT_FALSE(ImportOnnx("not a model at all", "text", "1").ok());
  EXPECT_THAT(GraphBuilder().Refusal(), HasSubstr("no ONNX model"));
}

TEST(OnnxImportTest, OpsetsItDoesNotKnowAreRefused) {
  GraphBuilder old(6), young(99);
  old.Output(old.Through(1));
  young.Output(young.Through(1));
  EXPECT_THAT(old.Refusal(), HasSubstr("opset 6; known are 7 to 22"));
  EXPECT_THAT(young.Refusal(), HasSubstr("opset 99; known are 7 to 22"));
}

TEST(OnnxImportTest, OperatorsItDoesNotKnowAreRefusedByName) {
  GraphBuilder plain, foreign;
  plain.Output(plain.Node("conv1", "Conv", {plain.Through(1), plain.Floats({1, 1, 1}, {1})}));
  EXPECT_THAT(plain.Refusal(), HasSubstr("node 'conv1' (Conv): the operator is not supported"));
  foreign.Output(foreign.Node("quick", "Identity", {foreign.Through(1)}));
  foreign.graph().mutable_node(foreign.graph().node_size() - 1)->set_domain("com.example");
  EXPECT_THAT(foreign.Refusal(), HasSubstr("node 'quick' (Identity): the operator of domain 'com.example'"));
}

TEST(OnnxImportTest, NodesWithoutANameAreCalledByTheirOutput) {
  GraphBuilder g;
  g.Output(g.Node("conv1", "Conv", {g.Through(1)}));
  g.graph().mutable_node(g.graph().node_size() - 1)->clear_name();
  EXPECT_THAT(g.Refusal(), HasSubstr("node 'conv1.out0' (unnamed Conv)"));
}

TEST(OnnxImportTest, NodesMustStandBehindWhatTheyRead) {
  GraphBuilder g;
  g.Through(1);
  g.Output(g.Node("early", "Relu", {"late.out0"}));
  g.Node("late", "Relu", {"x"});
  EXPECT_THAT(g.Refusal(), HasSubstr("node 'early' (Relu): its input 0, 'late.out0', is given by no"));
}

TEST(OnnxImportTest, NamesAreGivenOnce) {
  GraphBuilder twice, listed;
  twice.Through(1);
  twice.Output(twice.Node("same", "Relu", {"x"}));
  twice.Node("same", "Relu", {"x"});
  EXPECT_THAT(twice.Refusal(), HasSubstr("node 'same' (Relu): the name 'same.out0' is given twice"));
  const std::string y = listed.Through(1);
  listed.Output(y);
  listed.Output(y);
  EXPECT_THAT(listed.Refusal(), HasSubstr("is listed twice"));
}

TEST(OnnxImportTest, InputsMustBeFloatsWithAShape) {
  GraphBuilder integers, shapeless;
  integers.Output(integers.Through(1));
  integers.graph().mutable_input(0)->mutable_type()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::INT64);
  EXPECT_THAT(integers.Refusal(), HasSubstr("graph input 'x' is of element type INT64; only FLOAT"));
  shapeless.Output(shapeless.Through(1));
  shapeless.graph().mutable_input(0)->mutable_type()->mutable_tensor_type()->clear_shape();
  EXPECT_THAT(shapeless.Refusal(), HasSubstr("graph input 'x' has no shape"));
}

TEST(OnnxImportTest, InputsAndOutputsHavePrintableNames) {
  GraphBuilder input, output;
  output.Output(output.Node("caf\xe9", "Relu", {output.Through(1)}));
  EXPECT_THAT(output.Refusal(), HasSubstr("graph output 'caf?.out0' needs a name of 1 to 256 printable"));
  input.Output(input.ThroughLayer(input.Input("", {-1, 1, 1}), 1));
  EXPECT_THAT(input.Refusal(), HasSubstr("graph input '' needs a name"));
}

TEST(OnnxImportTest, MessagesAreShortAndPrintableWhateverTheFileSays) {
  GraphBuilder g;
  g.Output(g.Through(1));
  g.Node("line\nfeed" + std::string(1 << 20, '\xff'), "Conv", {"x"});
  EXPECT_THAT(g.Refusal(), HasSubstr("node 'line?feed??"));
  EXPECT_LE(g.Refusal().size(), 1024);
}

TEST(OnnxImportTest, InputsOfImmenseSizeAreRefused) {
  GraphBuilder g;
  g.Output(g.Node("relu", "Relu", {g.Input("x", {-1, 1 << 30, 1 << 30})}));
  EXPECT_THAT(g.Refusal(), HasSubstr("graph input 'x' has 1152921504606846976 values a step"));
}

TEST(OnnxImportTest, EmptyTensorsOfImmenseSizeAreRefused) {
  GraphBuilder g;
  g.Output(g.Through(1));
  g.Floats({int64_t{1} << 40, 0}, {});
  EXPECT_THAT(g.Refusal(), HasSubstr("has an axis of size 1099511627776"));
}

TEST(OnnxImportTest, WeightsListedAsInputsStayWeights) {
  GraphBuilder g(9);
  const std::string x = g.Input("x", {-1, 1, 1}), w = g.Floats({1, 1, 1}, {1});
  g.Input(w, {1, 1, 1});
  g.Output(g.Node("layer", "RNN", {x, w, w}).Set("hidden_size", 1));
  ASSERT_TRUE(g.Import().ok()) << g.Refusal();
  EXPECT_EQ(g.Import()->inputs.size(), 1);
}

TEST(OnnxImportTest, GraphsWithoutARecurrentLayerAreRefused) {
  GraphBuilder g;
  g.Output(g.Node("relu", "Relu", {g.Input("x", {-1, 1, 2})}));
  EXPECT_THAT(g.Refusal(), HasSubstr("no output depends on a recurrent layer"));
}

TEST(OnnxImportTest, WhatNoOutputNeedsIsTakenOut) {
  GraphBuilder g;
  const std::string y = g.Through(1);
  g.ThroughLayer("x", 1, "unused");
  g.Output(y);
  const auto model = g.Import();
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->ops.size(), 1);
  EXPECT_EQ(model->state_size(), 1);
}

TEST(OnnxImportTest, ALayerWhoseCellStateAloneIsReadStays) {
  GraphBuilder g;
  const std::string x = g.Input("x", {-1, 1, 1}), w = g.Floats({1, 4, 1}, {1, 2, 3, 4});
  g.Output(g.Node("layer", "LSTM", {x, w, w}, 3).Set("hidden_size", 1).Output(2));
  const auto model = g.Import();
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->state_op_count, 1);
  EXPECT_EQ(model->ops.size(), 2);
}

TEST(OnnxImportTest, WhatTheStateNeedsComesFirst) {
  GraphBuilder g;
  const std::string x = g.Input("x", {-1, 1, 1});
  const std::string aside = g.Node("aside", "Exp", {x});
  const std::string before = g.Node("before", "Relu", {x});
  const std::string first = g.ThroughLayer(before, 1, "first");
  g.Output(g.Node("head", "Tanh", {first}));
  g.Output(g.ThroughLayer(first, 1, "second"));
  g.Output(aside);
  const auto model = g.Import();
  ASSERT_TRUE(model.ok()) << model.status();
  ASSERT_EQ(model->state_op_count, 3);
  EXPECT_TRUE(std::holds_alternative<UnaryOp>(model->ops[0]));
  EXPECT_EQ(std::get<RecurrentOp>(model->ops[1]).name, "first");
  EXPECT_EQ(std::get<RecurrentOp>(model->ops[2]).name, "second");
}

TEST(OnnxImportTest, SeveralInputsAndOutputsStandBehindEachOtherInTheirRows) {
  GraphBuilder g;
  const std::string a = g.Input("a", {-1, 1, 2}), b = g.Input("b", {-1, 1, 3});
  g.Output(g.ThroughLayer(b, 3, "layer_b"));
  g.Output(g.ThroughLayer(a, 2, "layer_a"));
  EXPECT_THAT(g.Run({1, 2, 3, 4, 5}), ElementsAre(3, 4, 5, 1, 2));
  EXPECT_EQ(g.Import()->inputs[1].row.offset, 2);
  EXPECT_EQ(g.Import()->outputs[1].row.offset, 3);
}

TEST(OnnxImportTest, AFixedTimeAxisIsFoundAndServedAtAnyLength) {
  GraphBuilder g;
  const std::string x = g.Input("x", {1, 4, 4});
  const std::string turned = g.Node("turn", "Transpose", {x}).Set("perm", std::vector<int64_t>{1, 0, 2});
  g.Output(g.Node("flat", "Reshape", {g.ThroughLayer(turned, 4), g.Integers({4, 4})}));
  const auto model = g.Import();
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_THAT(model->inputs[0].shape, ElementsAre(1, -1, 4));
  EXPECT_THAT(model->outputs[0].shape, ElementsAre(-1, 4));
  EXPECT_THAT(g.Run({1, 2, 3, 4}), ElementsAre(1, 2, 3, 4));
}

// As tf2onnx writes a Keras model of GRU(2, return_sequences=True) and Dense(1): batch first, zeros of a computed shape
// for the initial state, and the dense layer as a tensordot that goes through a shape of its own.
TEST(OnnxImportTest, AKerasModelIsServed) {
  GraphBuilder g;
  const std::string x = g.Input("x", {-1, -1, 2});
  const std::string shape = g.Node("cast", "Cast", {g.Node("shape", "Shape", {x})}).Set("to", 6);
  const std::string batch = g.Node("batch", "Slice", {shape, g.Integers({0}), g.Integers({1}), g.Integers({0})});
  const std::string dims = g.Node("dims", "Concat", {batch, g.Integers({2})}).Set("axis", 0);
  const std::string zeros = g.Node("zeros", "Expand", {g.Floats({1}, {0}), dims});
  const std::string initial = g.Node("initial", "Unsqueeze", {zeros, g.Integers({0})});
  const std::string turned = g.Node("turn", "Transpose", {x}).Set("perm", std::vector<int64_t>{1, 0, 2});
  const std::string w = g.Floats({1, 2, 2}, {1, 0, 0, 1}), r = g.Floats({1, 2, 2}, {0, 0, 0, 0});
  auto layer = g.Node("layer", "RNN", {turned, w, r, "", "", initial}).Set("hidden_size", 2);
  layer.Set("activations", std::vector<std::string>{"Relu"});
  const std::string y = g.Node("squeeze", "Squeeze", {layer, g.Integers({1})});
  const std::string back = g.Node("back", "Transpose", {y}).Set("perm", std::vector<int64_t>{1, 0, 2});

  const std::string sizes = g.Node("sizes", "Shape", {back});
  const std::string free = g.Node("free", "Gather", {sizes, g.Integers({0, 1})});
  const std::string rows = g.Node("rows", "ReduceProd", {free}).Set("keepdims", 1);
  const std::string matrix = g.Node("matrix", "Concat", {rows, g.Integers({2})}).Set("axis", 0);
  const std::string flat = g.Node("flat", "Reshape", {back, matrix});
  const std::string product = g.Node("product", "MatMul", {flat, g.Floats({2, 1}, {1, 10})});
  const std::string whole = g.Node("whole", "Concat", {free, g.Integers({1})}).Set("axis", 0);
  const std::string dense = g.Node("dense", "Reshape", {product, whole});
  g.Output(g.Node("bias", "Add", {dense, g.Floats({1}, {100})}));
  EXPECT_EQ(g.Refusal(), "");
  EXPECT_THAT(g.Run({1, 2, 3, 4}), ElementsAre(121, 143));
  EXPECT_THAT(g.Import()->outputs[0].shape, ElementsAre(1, -1, 1));
  EXPECT_EQ(g.Import()->ops.size(), 2);
}

TEST(OnnxImportTest, AnOutputThatIsNowhereIsRefusedByName) {
  GraphBuilder g;
  g.Through(1);
  g.Output("nowhere");
  EXPECT_THAT(g.Refusal(), HasSubstr("graph output 'nowhere'"));
}

TEST(OnnxImportTest, TooManyNodesAreRefused) {
  GraphBuilder g;
  std::string y = g.Through(1);
  for (int i = 0; i < 16384; ++i) y = g.Node("n" + std::to_string(i), "Identity", {y});
  g.Output(y);
  EXPECT_THAT(g.Refusal(), HasSubstr("the limit is 16384"));
}

TEST(OnnxImportTest, RefusesALargeConstantThatIsReadOverAndOver) {
  constexpr int kCount = 1 << 20;
  for (const std::string op : {"ReduceMax", "MatMul"}) {
    GraphBuilder g;
    const std::string row = g.Floats({1, kCount}, std::vector<float>(kCount, 0.5F));
    const std::string column = g.Node("column", "Reshape", {row, g.Integers({-1, 1})});
    for (int i = 0; i < 32; ++i) {
      g.Node(op + std::to_string(i), op, op == "MatMul" ? std::vector{row, column} : std::vector{row});
    }
    g.Output(g.Through(1));
    EXPECT_THAT(g.Refusal(), HasSubstr("more values than a file of its size has reason to")) << op;
  }
}

}  // namespace
}  // namespace recurd
