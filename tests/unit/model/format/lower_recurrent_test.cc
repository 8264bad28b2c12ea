#include <cmath>
#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/model/format/graph_builder.h"

namespace recurd {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::FloatNear;
using testing::HasSubstr;
using testing::Pointwise;

// Layers of one unit and one input, so that the equations of ONNX's operators can be written down beside them.
constexpr float kBound = 1e-6F;
const std::vector<float> kInputs = {0.5F, -1, 2};

double Sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

GraphBuilder::NodeRef Rnn(GraphBuilder& g, const std::string& name = "layer") {
  const std::string x = g.Input("x", {-1, 1, 1});
  return g.Node(name, "RNN", {x, g.Floats({1, 1, 1}, {0.7F}), g.Floats({1, 1, 1}, {0.3F})}, 2).Set("hidden_size", 1);
}

GraphBuilder::NodeRef Gru(GraphBuilder& g) {
  const std::string x = g.Input("x", {-1, 1, 1});
  return g
      .Node("layer", "GRU",
            {x, g.Floats({1, 3, 1}, {0.1F, 0.2F, 0.3F}), g.Floats({1, 3, 1}, {0.4F, 0.5F, 0.6F}),
             g.Floats({1, 6}, {1, 2, 3, 4, 5, 6})},
            2)
      .Set("hidden_size", 1);
}

std::vector<float> GruByHand(bool is_reset_after) {
  std::vector<float> out;
  double h = 0;
  for (double x : kInputs) {
    const double z = Sigmoid(0.1 * x + 0.4 * h + 1 + 4), r = Sigmoid(0.2 * x + 0.5 * h + 2 + 5);
    const double n = is_reset_after ? std::tanh(0.3 * x + 3 + r * (0.6 * h + 6)) : std::tanh(0.3 * x + 0.6 * r * h + 9);
    out.push_back(static_cast<float>(h = (1 - z) * n + z * h));
  }
  return out;
}

// With peepholes 0.1 (i), 0.2 (o), 0.3 (f).
GraphBuilder::NodeRef Lstm(GraphBuilder& g, const std::string& initial_h = "", const std::string& initial_c = "") {
  const std::string x = g.Input("x", {-1, 1, 1});
  return g
      .Node("layer", "LSTM",
            {x, g.Floats({1, 4, 1}, {1, 2, 3, 4}), g.Floats({1, 4, 1}, {0.5F, 0.6F, 0.7F, 0.8F}), "", "", initial_h,
             initial_c, g.Floats({1, 3}, {0.1F, 0.2F, 0.3F})},
            3)
      .Set("hidden_size", 1);
}

struct HandState {
  double h = 0, c = 0;
};
std::vector<float> LstmByHand(HandState s, std::vector<float>* cells = nullptr) {
  std::vector<float> out;
  for (double x : kInputs) {
    const double i = Sigmoid(1 * x + 0.5 * s.h + 0.1 * s.c), f = Sigmoid(3 * x + 0.7 * s.h + 0.3 * s.c);
    s.c = f * s.c + i * std::tanh(4 * x + 0.8 * s.h);
    s.h = Sigmoid(2 * x + 0.6 * s.h + 0.2 * s.c) * std::tanh(s.c);
    out.push_back(static_cast<float>(s.h));
    if (cells) cells->push_back(static_cast<float>(s.c));
  }
  return out;
}

TEST(LowerRecurrentTest, RnnFollowsItsEquation) {
  GraphBuilder g;
  g.Output(Rnn(g));
  double h = 0;
  std::vector<float> expected;
  for (double x : kInputs) expected.push_back(static_cast<float>(h = std::tanh(0.7 * x + 0.3 * h)));
  EXPECT_THAT(g.Run(kInputs), Pointwise(FloatNear(kBound), expected));
  EXPECT_THAT(g.Import()->outputs[0].shape, ElementsAre(-1, 1, 1, 1));
}

TEST(LowerRecurrentTest, GruFollowsItsEquationInBothForms) {
  GraphBuilder before, after;
  before.Output(Gru(before));
  EXPECT_THAT(before.Run(kInputs), Pointwise(FloatNear(kBound), GruByHand(false)));
  after.Output(Gru(after).Set("linear_before_reset", 1));
  EXPECT_THAT(after.Run(kInputs), Pointwise(FloatNear(kBound), GruByHand(true)));
}

TEST(LowerRecurrentTest, LstmWithPeepholesFollowsItsEquation) {
  GraphBuilder g;
  g.Output(Lstm(g));
  EXPECT_THAT(g.Run(kInputs), Pointwise(FloatNear(kBound), LstmByHand({})));
}

TEST(LowerRecurrentTest, LastStatesAreOutputsWithoutTime) {
  GraphBuilder g;
  auto layer = Lstm(g);
  g.Output(layer.Output(1));
  g.Output(layer.Output(2));
  std::vector<float> cells;
  const std::vector<float> hidden = LstmByHand({}, &cells);
  const auto model = g.Import();
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_FALSE(model->outputs[0].has_time_axis);
  EXPECT_EQ(model->states[0].output_name, "layer.out1");
  EXPECT_EQ(model->states[1].output_name, "layer.out2");
  const std::vector<float> rows = g.Run(kInputs);
  EXPECT_THAT(rows[4], FloatNear(hidden[2], kBound));
  EXPECT_THAT(rows[5], FloatNear(cells[2], kBound));
}

TEST(LowerRecurrentTest, ConstantInitialStatesStartASequence) {
  GraphBuilder g;
  g.Output(Lstm(g, g.Floats({1, 1, 1}, {0.25F}), g.Floats({1, 1, 1}, {-0.5F})));
  EXPECT_THAT(g.Import()->initial_state, ElementsAre(0.25F, -0.5F));
  EXPECT_THAT(g.Run(kInputs), Pointwise(FloatNear(kBound), LstmByHand({0.25, -0.5})));
}

TEST(LowerRecurrentTest, InitialStatesFromGraphInputsAreNotInputsOfAStep) {
  GraphBuilder g;
  const std::string states = g.Input("states", {2, -1, 1});
  auto split = g.Node("split", "Split", {states}, 2).Set("axis", 0);
  g.Output(Lstm(g, split.Output(1), split.Output(0)));
  const auto model = g.Import();
  ASSERT_TRUE(model.ok()) << model.status();
  ASSERT_EQ(model->inputs.size(), 1);
  EXPECT_EQ(model->state_inputs[0].name, "states");
  EXPECT_THAT(model->state_inputs[0].shape, ElementsAre(2, 1, 1));
  EXPECT_EQ(model->states[0].name, "layer.h");
  EXPECT_EQ(model->states[0].input_name, "states");
  EXPECT_EQ(model->states[0].input_offset, 1);
  EXPECT_EQ(model->states[1].input_offset, 0);
}

TEST(LowerRecurrentTest, InitialStatesMayBeZerosOfAComputedShape) {
  GraphBuilder g;
  const std::string shape = g.Node("shape", "Shape", {"x"});
  const std::string batch = g.Node("batch", "Gather", {shape, g.Integers({1})});
  const std::string dims = g.Node("dims", "Concat", {g.Integers({1}), batch, g.Integers({1})}).Set("axis", 0);
  const std::string zeros = g.Node("zeros", "ConstantOfShape", {dims});
  g.Output(Lstm(g, zeros, zeros));
  EXPECT_THAT(g.Run(kInputs), Pointwise(FloatNear(kBound), LstmByHand({})));
}

TEST(LowerRecurrentTest, AnInputThatLendsItsShapeToTheInitialStateStaysAnInputOfAStep) {
  GraphBuilder g;
  const std::string side = g.Input("side", {-1, 1, 1});
  const std::string batch = g.Node("batch", "Gather", {g.Node("shape", "Shape", {side}), g.Integers({1})});
  const std::string dims = g.Node("dims", "Concat", {g.Integers({1}), batch, g.Integers({1})}).Set("axis", 0);
  const std::string y = Lstm(g, g.Node("zeros", "ConstantOfShape", {dims}));
  g.Output(g.Node("sum", "Add", {g.Node("squeeze", "Squeeze", {y, g.Integers({1})}), side}));
  const auto model = g.Import();
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->inputs.size(), 2);
  EXPECT_TRUE(model->state_inputs.empty());
}

TEST(LowerRecurrentTest, RefusesInitialStatesThatAreComputedWith) {
  GraphBuilder g;
  const std::string h = g.Node("scale", "Mul", {g.Input("h", {1, 1, 1}), g.Floats({}, {2})});
  g.Output(Lstm(g, h));
  EXPECT_THAT(g.Refusal(), HasSubstr("node 'scale' (Mul): it computes with an initial state"));
}

TEST(LowerRecurrentTest, RefusesInitialStatesOfAnotherLayersOutput) {
  GraphBuilder g;
  auto encoder = Rnn(g, "encoder");
  const std::string w = g.Floats({1, 1, 1}, {1});
  g.Output(g.Node("decoder", "RNN", {"x", w, w, "", "", encoder.Output(1)}).Set("hidden_size", 1));
  EXPECT_THAT(g.Refusal(), HasSubstr("node 'decoder' (RNN): its initial state is computed"));
}

TEST(LowerRecurrentTest, BatchFirstLayoutPutsTimeSecond) {
  GraphBuilder g;
  const std::string x = g.Input("x", {-1, -1, 1});
  const std::string w = g.Floats({1, 1, 1}, {1});
  g.Output(g.Node("layer", "RNN", {x, w, w}).Set("hidden_size", 1).Set("layout", 1));
  EXPECT_THAT(g.Import()->outputs[0].shape, ElementsAre(1, -1, 1, 1));
  EXPECT_THAT(g.Import()->inputs[0].shape, ElementsAre(1, -1, 1));
}

TEST(LowerRecurrentTest, ActivationsTakeAlphaAndBetaInOrder) {
  GraphBuilder g;
  auto layer = Gru(g);
  layer.Set("activations", std::vector<std::string>{"HardSigmoid", "ScaledTanh"});
  layer.Set("activation_alpha", std::vector<float>{0.1F, 2}).Set("activation_beta", std::vector<float>{0.4F, 3});
  g.Output(layer);
  const auto model = g.Import();
  ASSERT_TRUE(model.ok()) << model.status();
  const auto& functions = std::get<RecurrentOp>(model->ops[0]).activations;
  EXPECT_EQ(functions[0].kind, UnaryKind::kHardSigmoid);
  EXPECT_EQ(functions[1].kind, UnaryKind::kScaledTanh);
  EXPECT_THAT((std::vector<float>{functions[0].alpha, functions[0].beta, functions[1].alpha, functions[1].beta}),
              ElementsAre(0.1F, 0.4F, 2, 3));
}

TEST(LowerRecurrentTest, AlphasSkipFunctionsThatTakeNone) {
  GraphBuilder g;
  auto layer = Gru(g);
  layer.Set("activations", std::vector<std::string>{"Sigmoid", "LeakyRelu"});
  layer.Set("activation_alpha", std::vector<float>{0.1F});
  g.Output(layer);
  EXPECT_EQ(std::get<RecurrentOp>(g.Import()->ops[0]).activations[1].alpha, 0.1F);
}

TEST(LowerRecurrentTest, ClipAndCoupledGatesReachTheLayer) {
  GraphBuilder g;
  g.Output(Lstm(g).Set("clip", 3.0F).Set("input_forget", 1));
  const auto model = g.Import();
  ASSERT_TRUE(model.ok()) << model.status();
  const auto& layer = std::get<RecurrentOp>(model->ops[0]);
  EXPECT_EQ(layer.clip, 3);
  EXPECT_TRUE(layer.input_forget);
}

TEST(LowerRecurrentTest, SequenceLengthsMustBeTheWholeSequence) {
  const auto with_lengths = [](bool is_whole) {
    GraphBuilder g;
    const std::string w = g.Floats({1, 1, 1}, {1});
    const std::string x = g.Input("x", {-1, 1, 1});
    const std::string whole = g.Node("steps", "Gather", {g.Node("shape", "Shape", {x}), g.Integers({0})});
    g.Output(g.Node("layer", "RNN", {x, w, w, "", is_whole ? whole : g.Integers({5})}).Set("hidden_size", 1));
    return g.Refusal();
  };
  EXPECT_EQ(with_lengths(true), "");
  EXPECT_THAT(with_lengths(false), HasSubstr("node 'layer' (RNN): its sequence_lens is 5; expected all steps"));
}

TEST(LowerRecurrentTest, RefusesABatch) {
  GraphBuilder g;
  g.Output(g.ThroughLayer(g.Input("x", {-1, 4, 1}), 1));
  EXPECT_THAT(g.Refusal(),
              AllOf(HasSubstr("node 'layer' (RNN): its input X has shape [T,4,1]"), HasSubstr("batch of 1")));
}

TEST(LowerRecurrentTest, RefusesWeightsOfAnotherShape) {
  GraphBuilder g;
  const std::string x = g.Input("x", {-1, 1, 2});
  g.Output(g.Node("layer", "GRU", {x, g.Floats({1, 3, 1}, {1, 2, 3}), g.Floats({1, 3, 1}, {1, 2, 3})})
               .Set("hidden_size", 1));
  EXPECT_THAT(g.Refusal(), HasSubstr("node 'layer' (GRU): W has shape [1,3,1]; expected [1,3,2]"));
}

TEST(LowerRecurrentTest, RefusesWeightsThatAreNotFiniteOrNotConstant) {
  GraphBuilder infinite, computed;
  std::string x = infinite.Input("x", {-1, 1, 1});
  const std::string w = infinite.Floats({1, 1, 1}, {std::numeric_limits<float>::infinity()});
  infinite.Output(infinite.Node("layer", "RNN", {x, w, w}).Set("hidden_size", 1));
  EXPECT_THAT(infinite.Refusal(), HasSubstr("node 'layer' (RNN): W is not all finite"));
  x = computed.Input("x", {-1, 1, 1});
  computed.Output(computed.Node("layer", "RNN", {x, x, x}).Set("hidden_size", 1));
  EXPECT_THAT(computed.Refusal(), HasSubstr("node 'layer' (RNN): its input 1, 'x', is computed"));
}

TEST(LowerRecurrentTest, RefusesActivationsItDoesNotKnowOrCanNotFill) {
  GraphBuilder unknown, unfilled;
  unknown.Output(Rnn(unknown).Set("activations", std::vector<std::string>{"Swish"}));
  EXPECT_THAT(unknown.Refusal(), HasSubstr("node 'layer' (RNN): activation 'Swish' is not known"));
  unfilled.Output(Rnn(unfilled).Set("activations", std::vector<std::string>{"Affine"}));
  EXPECT_THAT(unfilled.Refusal(), HasSubstr("node 'layer' (RNN): activation 'Affine' needs"));
}

TEST(LowerRecurrentTest, RefusesHiddenSizesOutOfRange) {
  GraphBuilder g;
  const std::string x = g.Input("x", {-1, 1, 1}), w = g.Floats({1, 1, 1}, {1});
  g.Output(g.Node("layer", "RNN", {x, w, w}).Set("hidden_size", 1 << 30));
  EXPECT_THAT(g.Refusal(), HasSubstr("node 'layer' (RNN): its hidden_size is 1073741824"));
}

}  // namespace
}  // namespace recurd
