#include <algorithm>
#include <cmath>
#include <map>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/model/format/finish_passes.h"
#include "server/model/validate.h"
#include "tests/unit/fakes/random_layer.h"
#include "tests/unit/model/format/graph_builder.h"

namespace recurd {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::FloatEq;
using testing::FloatNear;
using testing::HasSubstr;
using testing::Pointwise;

constexpr float kBound = 1e-6F;
const std::vector<float> kInputs = {0.5F, -1, 2};

std::vector<std::string> Names(const std::vector<std::string>& names) { return names; }
std::vector<int64_t> Axes(const std::vector<int64_t>& axes) { return axes; }

std::vector<float> RnnByHand(const std::vector<float>& inputs, double w, double r, double h = 0) {
  std::vector<float> out;
  for (double x : inputs) out.push_back(static_cast<float>(h = std::tanh(w * x + r * h)));
  return out;
}

std::vector<float> Reversed(std::vector<float> values, size_t width = 1) {
  std::reverse(values.begin(), values.end());
  for (size_t i = 0; i < values.size(); i += width) std::reverse(values.begin() + i, values.begin() + i + width);
  return values;
}

// One unit; forward 0.7 x + 0.3 h, backward -0.4 x + 0.6 h.
GraphBuilder::NodeRef BothWays(GraphBuilder& g, const std::string& initial = "") {
  return g
      .Node("bi", "RNN",
            {g.Input("x", {-1, 1, 1}), g.Floats({2, 1, 1}, {0.7F, -0.4F}), g.Floats({2, 1, 1}, {0.3F, 0.6F}), "", "",
             initial},
            2)
      .Set("hidden_size", 1)
      .Set("direction", "bidirectional");
}

GraphBuilder::NodeRef Mean(GraphBuilder& g, const std::string& value, int keep = 1) {
  return g.Node("pool", "ReduceMean", {value}).Set("axes", Axes({0})).Set("keepdims", keep);
}

TEST(WholeSequenceTest, AReverseLayerWalksBackward) {
  GraphBuilder g;
  const std::string x = g.Input("x", {-1, 1, 1});
  auto layer = g.Node("back", "RNN", {x, g.Floats({1, 1, 1}, {0.7F}), g.Floats({1, 1, 1}, {0.3F})}, 2);
  g.Output(layer.Set("hidden_size", 1).Set("direction", "reverse"));
  g.Output(layer.Output(1));
  const auto model = g.Import();
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->whole_sequence_reason, "node 'back' (RNN): it runs backward");
  ASSERT_EQ(model->passes.size(), 1);
  EXPECT_TRUE(model->passes[0].backward);
  const std::vector<float> y = Reversed(RnnByHand(Reversed(kInputs), 0.7, 0.3));
  EXPECT_THAT(g.Run(kInputs), Pointwise(FloatNear(kBound), {y[0], y[0], y[1], y[0], y[2], y[0]}));
}

TEST(WholeSequenceTest, ABidirectionalLayerJoinsBothWalks) {
  GraphBuilder g;
  auto layer = BothWays(g);
  g.Output(layer);
  g.Output(layer.Output(1));
  const auto model = g.Import();
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_THAT(model->outputs[0].shape, ElementsAre(-1, 2, 1, 1));
  EXPECT_THAT(model->outputs[1].shape, ElementsAre(2, 1, 1));
  EXPECT_EQ(model->parameter_count, 4);
  const std::vector<float> f = RnnByHand(kInputs, 0.7, 0.3), b = Reversed(RnnByHand(Reversed(kInputs), -0.4, 0.6));
  EXPECT_THAT(g.Run(kInputs),
              Pointwise(FloatNear(kBound), {f[0], b[0], f[2], b[0], f[1], b[1], f[2], b[0], f[2], b[2], f[2], b[0]}));
}

TEST(WholeSequenceTest, StatesOfBothDirectionsHaveNamesAndAreShown) {
  GraphBuilder g;
  g.Output(BothWays(g, g.Input("h0", {2, -1, 1})).Output(1));
  const auto model = g.Import();
  ASSERT_TRUE(model.ok()) << model.status();
  ASSERT_EQ(model->states.size(), 2);
  EXPECT_EQ(model->states[0].name, "bi.h");
  EXPECT_EQ(model->states[1].name, "bi.reverse.h");
  for (int i : {0, 1}) {
    EXPECT_EQ(model->states[i].offset, i);
    EXPECT_EQ(model->states[i].input_name, "h0");
    EXPECT_EQ(model->states[i].input_offset, i);
    EXPECT_EQ(model->states[i].output_name, "bi.out1");
    EXPECT_EQ(model->states[i].output_offset, i);
  }
  EXPECT_THAT(model->state_inputs[0].shape, ElementsAre(2, 1, 1));
  const std::vector<float> rows = GraphBuilder::Run(*model, kInputs, {0.2F, -0.5F});
  EXPECT_THAT(rows[0], FloatNear(RnnByHand(kInputs, 0.7, 0.3, 0.2)[2], kBound));
  EXPECT_THAT(rows[1], FloatNear(RnnByHand(Reversed(kInputs), -0.4, 0.6, -0.5)[2], kBound));
}

TEST(WholeSequenceTest, ConstantInitialStatesAreGivenForEachDirection) {
  GraphBuilder g;
  g.Output(BothWays(g, g.Floats({2, 1, 1}, {0.2F, -0.5F})));
  EXPECT_THAT(g.Import()->initial_state, ElementsAre(0.2F, -0.5F));
}

// What differs between a bidirectional node and two of one direction, for every kind of layer.
struct Kind {
  std::string op;
  int gates;
  bool has_peepholes = false, is_reset_after = false, is_coupled = false;
  int layout = 0;
};
void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.op << " layout " << kind.layout; }

class BothWaysTest : public testing::TestWithParam<Kind> {
 protected:
  static constexpr int kHidden = 3, kFeatures = 2, kSteps = 5;

  // Weights of both directions, of which a node has all or one. One of one direction is forward.
  std::vector<std::string> Weights(GraphBuilder& g, const std::string& x, int first, int count) {
    const int rows = GetParam().gates * kHidden;
    RandomFloats random(1);
    const auto part = [&](std::vector<int64_t> sizes) {
      int64_t size = 1;
      for (int64_t s : sizes) size *= s;
      const std::vector<float> all = random.Vector(2 * size, 0.8F);
      sizes.insert(sizes.begin(), count);
      return g.Floats(sizes, {all.begin() + first * size, all.begin() + (first + count) * size});
    };
    std::vector<std::string> inputs = {x, part({rows, kFeatures}), part({rows, kHidden}), part({2 * rows}), ""};
    inputs.push_back(part({1, kHidden}));
    if (GetParam().layout == 1) {
      auto& shape = *g.graph().mutable_initializer(g.graph().initializer_size() - 1);
      shape.set_dims(0, 1);
      shape.set_dims(1, count);
    }
    if (GetParam().has_peepholes) {
      inputs.push_back("");
      inputs.push_back(part({3 * kHidden}));
    }
    return inputs;
  }

  void Attributes(GraphBuilder::NodeRef node, int first, int count) {
    const Kind& kind = GetParam();
    node.Set("hidden_size", kHidden).Set("clip", 0.9F).Set("layout", kind.layout);
    if (kind.is_reset_after) node.Set("linear_before_reset", 1);
    if (kind.is_coupled) node.Set("input_forget", 1);
    // Each direction has functions of its own.
    const int function_count = kind.op == "RNN" ? 1 : kind.op == "GRU" ? 2 : 3;
    std::vector<std::string> names(2 * function_count, "ScaledTanh");
    std::vector<float> alphas, betas;
    for (int i = 0; i < 2 * function_count; ++i) {
      alphas.push_back(0.5F + 0.1F * i);
      betas.push_back(0.9F - 0.05F * i);
    }
    const auto cut = [&](auto& all) {
      all = {all.begin() + first * function_count, all.begin() + (first + count) * function_count};
    };
    cut(names);
    cut(alphas);
    cut(betas);
    node.Set("activations", names).Set("activation_alpha", alphas).Set("activation_beta", betas);
  }

  GraphBuilder Graph(int first, int count) {
    GraphBuilder g(14);
    const std::string x = g.Input("x", GetParam().layout ? Axes({1, -1, kFeatures}) : Axes({-1, 1, kFeatures}));
    auto node = g.Node("layer", GetParam().op, Weights(g, x, first, count), GetParam().op == "LSTM" ? 3 : 2);
    Attributes(node, first, count);
    if (count == 2) node.Set("direction", "bidirectional");
    g.Output(node);
    g.Output(node.Output(1));
    if (GetParam().op == "LSTM") g.Output(node.Output(2));
    return g;
  }
};

TEST_P(BothWaysTest, IsOneLayerBesideAnotherOnTheReversedInput) {
  const std::vector<float> inputs = RandomFloats(9).Vector(kSteps * kFeatures, 1);
  const std::vector<float> forward = Graph(0, 1).Run(inputs);
  const std::vector<float> backward = Graph(1, 1).Run(Reversed(inputs, kFeatures));
  const GraphBuilder g = Graph(0, 2);
  ASSERT_EQ(g.Refusal(), "");
  const std::vector<float> both = g.Run(inputs);
  const int outputs = GetParam().op == "LSTM" ? 3 : 2, width = outputs * kHidden;
  ASSERT_EQ(both.size(), static_cast<size_t>(kSteps) * 2 * width);
  for (int step = 0; step < kSteps; ++step) {
    for (int output = 0; output < outputs; ++output) {
      for (int i = 0; i < kHidden; ++i) {
        const int row = output == 0 ? step : kSteps - 1;
        const int reversed_row = output == 0 ? kSteps - 1 - step : kSteps - 1;
        const float* found = &both[step * 2 * width + output * 2 * kHidden + i];
        EXPECT_EQ(found[0], forward[row * width + output * kHidden + i]) << step << " " << output;
        EXPECT_EQ(found[kHidden], backward[reversed_row * width + output * kHidden + i]) << step << " " << output;
      }
    }
  }
}

TEST_P(BothWaysTest, NamesTheAxesAsTheLayoutHasThem) {
  const auto model = Graph(0, 2).Import();
  ASSERT_TRUE(model.ok()) << model.status();
  const bool batch_first = GetParam().layout == 1;
  EXPECT_THAT(model->outputs[0].shape,
              ElementsAreArray(batch_first ? Axes({1, -1, 2, kHidden}) : Axes({-1, 2, 1, kHidden})));
  EXPECT_THAT(model->outputs[1].shape, ElementsAreArray(batch_first ? Axes({1, 2, kHidden}) : Axes({2, 1, kHidden})));
}

INSTANTIATE_TEST_SUITE_P(Kinds, BothWaysTest,
                         testing::Values(Kind{"RNN", 1}, Kind{"GRU", 3}, Kind{"GRU", 3, false, true}, Kind{"LSTM", 4},
                                         Kind{"LSTM", 4, true}, Kind{"LSTM", 4, true, false, true},
                                         Kind{"LSTM", 4, true, false, false, 1},
                                         Kind{"GRU", 3, false, true, false, 1}));

TEST(WholeSequenceTest, RefusesActivationsOfOneDirectionForTwo) {
  GraphBuilder g;
  g.Output(BothWays(g).Set("activations", Names({"Relu"})));
  EXPECT_THAT(g.Refusal(), HasSubstr("node 'bi' (RNN): it names 1 activations instead of 2"));
}

TEST(WholeSequenceTest, RefusesADirectionThatIsNone) {
  GraphBuilder g;
  const std::string x = g.Input("x", {-1, 1, 1}), w = g.Floats({1, 1, 1}, {1});
  g.Output(g.Node("layer", "RNN", {x, w, w}).Set("hidden_size", 1).Set("direction", "sideways"));
  EXPECT_THAT(g.Refusal(), HasSubstr("node 'layer' (RNN): its direction is 'sideways'"));
}

TEST(WholeSequenceTest, TheFirstStepIsWhereABackwardWalkEnds) {
  GraphBuilder by_gather(12), by_slice(12);
  auto& zero = *by_gather.graph().add_initializer();
  zero.set_name("zero");
  zero.set_data_type(onnx::TensorProto::INT64);
  zero.add_int64_data(0);
  by_gather.Output(by_gather.Node("first", "Gather", {by_gather.Through(2), "zero"}));
  EXPECT_THAT(by_gather.Import()->outputs[0].shape, ElementsAre(1, 2));
  EXPECT_THAT(by_gather.Run({1, 2, 3, 4}), ElementsAre(1, 2, 1, 2));
  EXPECT_EQ(by_gather.Import()->whole_sequence_reason, "node 'first' (Gather): it takes the value at the first step");
  const std::string y = by_slice.Through(1);
  by_slice.Output(
      by_slice.Node("first", "Slice", {y, by_slice.Integers({0}), by_slice.Integers({1}), by_slice.Integers({0})}));
  EXPECT_THAT(by_slice.Run({1, 2, 3}), ElementsAre(1, 1, 1));
}

TEST(WholeSequenceTest, TheLastStepOfABackwardLayerIsItsFirst) {
  GraphBuilder g;
  g.Output(g.Node("last", "Gather", {BothWays(g), g.Integers({-1})}));
  const auto rows = g.Run(kInputs);
  ASSERT_EQ(rows.size(), 6) << g.Refusal();
  EXPECT_THAT(rows[4], FloatNear(RnnByHand(kInputs, 0.7, 0.3)[2], kBound));
  EXPECT_THAT(rows[5], FloatNear(RnnByHand({kInputs[2]}, -0.4, 0.6)[0], kBound));
  EXPECT_EQ(g.Import()->states[0].output_name, "");
}

TEST(WholeSequenceTest, StackedBidirectionalLayersTakeOneWalkMoreThanThereAreLayers) {
  GraphBuilder g;
  std::string y = g.Through(2);
  for (int i = 0; i < 4; ++i) {
    auto layer = g.Node("bi" + std::to_string(i), "RNN",
                        {y, g.Floats({2, 1, 2}, {1, -1, 0.5F, 2}), g.Floats({2, 1, 1}, {0.5F, 0.25F})});
    layer.Set("hidden_size", 1).Set("direction", "bidirectional");
    const std::string turned = g.Node("turn" + std::to_string(i), "Transpose", {layer}).Set("perm", Axes({0, 2, 1, 3}));
    y = g.Node("flat" + std::to_string(i), "Reshape", {turned, g.Integers({0, 1, 2})});
  }
  g.Output(y);
  const auto model = g.Import();
  ASSERT_TRUE(model.ok()) << model.status();
  ASSERT_EQ(model->passes.size(), 5);
  EXPECT_THAT(model->whole_sequence_reason, HasSubstr("node 'bi0' (RNN)"));
  // A bidirectional layer's last output sees all inputs, through every layer.
  EXPECT_NE(g.Run({1, 2, 3, 4, 5, 6})[1], g.Run({1, 2, 3, 4, 5, 7})[1]);
  // Inputs, eight directions and the joined output would take twelve; two directions take the place of the first two.
  EXPECT_EQ(model->row_size, 9);
}

TEST(WholeSequenceTest, WhatNoOutputNeedsTakesNoWalk) {
  GraphBuilder g;
  auto layer = BothWays(g);
  g.Node("unused", "ReduceMax", {layer});
  g.Output(g.Node("forward", "Slice", {layer, g.Integers({0}), g.Integers({1}), g.Integers({1})}));
  const auto model = g.Import();
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->passes.size(), 1);
  EXPECT_THAT(g.Run(kInputs), Pointwise(FloatNear(kBound), RnnByHand(kInputs, 0.7, 0.3)));
}

TEST(WholeSequenceTest, AnInputMayBeAnOutputAgain) {
  GraphBuilder g;
  auto layer = BothWays(g);
  g.Output(g.Node("same", "Identity", {"x"}));
  g.Output(Mean(g, layer, 0));
  const std::vector<float> rows = g.Run(kInputs);
  ASSERT_EQ(rows.size(), 9);
  EXPECT_THAT((std::vector<float>{rows[0], rows[3], rows[6]}), ElementsAreArray(kInputs));
}

TEST(WholeSequenceTest, AModelThatStreamsHasNoPasses) {
  GraphBuilder g;
  g.Output(g.Through(2));
  EXPECT_TRUE(g.Import()->streams());
  EXPECT_EQ(g.Import()->whole_sequence_reason, "");
}

TEST(WholeSequenceTest, LengthsMayBeAGraphInputThatIsNoInputOfAStep) {
  GraphBuilder g;
  const std::string x = g.Input("x", {-1, 1, 1}), w = g.Floats({2, 1, 1}, {1, 1});
  g.Input("lengths", {-1});
  g.graph().mutable_input(1)->mutable_type()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::INT32);
  const std::string lengths = g.Node("cast", "Cast", {"lengths"}).Set("to", int{onnx::TensorProto::INT32});
  g.Output(g.Node("bi", "RNN", {x, w, w, "", lengths}).Set("hidden_size", 1).Set("direction", "bidirectional"));
  const auto model = g.Import();
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->inputs.size(), 1);
  EXPECT_THAT(model->length_inputs, ElementsAre("lengths"));
  g.Output(g.Node("used", "Identity", {lengths}));
  EXPECT_THAT(g.Refusal(), HasSubstr("graph input 'lengths' is of element type INT32"));
}

TEST(WholeSequenceTest, RefusesMoreWalksThanTheLimit) {
  GraphBuilder g(12);
  std::string y = g.Through(1);
  for (int i = 0; i < format::kMaxPassCount; ++i) {
    auto mean = g.Node("mean" + std::to_string(i), "ReduceMean", {y}).Set("axes", Axes({0}));
    y = g.Node("centre" + std::to_string(i), "Sub", {y, mean});
  }
  g.Output(y);
  EXPECT_THAT(g.Refusal(), AllOf(HasSubstr("node 'centre63' (Sub)"), HasSubstr("one more walk"), HasSubstr("64")));
}

TEST(WholeSequenceTest, RefusesRowsBeyondTheLimit) {
  GraphBuilder g;
  const std::string y = g.Through(1);
  const std::string wide = g.Node("wide", "Expand", {y, g.Integers({1, 1, format::kMaxRowSize})});
  const std::string grown = g.Node("grown", "Exp", {wide});
  g.Output(g.Node("centre", "Sub", {grown, g.Node("pool", "ReduceMax", {y}).Set("axes", Axes({0}))}));
  EXPECT_THAT(g.Refusal(), HasSubstr("values for later walks over the sequence; the limit is 65536"));
}

TEST(WholeSequenceTest, ThousandsOfLayersBesideEachOtherAreImportedInTime) {
  GraphBuilder g;
  std::vector<std::string> sums;
  const std::string x = g.Input("x", {-1, 1, 1}), w = g.Floats({2, 1, 1}, {1, 0.5F});
  for (int i = 0; i < 4000; ++i) {
    sums.push_back(g.Node("bi", "RNN", {x, w, w}).Set("hidden_size", 1).Set("direction", "bidirectional"));
    g.graph().mutable_node(i)->set_output(0, sums.back() + std::to_string(i));
    sums.back() += std::to_string(i);
  }
  g.Output(g.Node("sum", "Sum", sums));
  const auto model = g.Import();
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->passes.size(), 2);
  EXPECT_EQ(model->states.size(), 8000);
}

TEST(WholeSequenceTest, StatesOfNodesThatShareANameHaveNamesOfTheirOwn) {
  GraphBuilder g;
  const std::string first = g.ThroughLayer(g.Input("x", {-1, 1, 1}), 1, "a");
  g.graph().mutable_node(0)->set_name("same");
  g.Output(g.ThroughLayer(first, 1, "b"));
  g.graph().mutable_node(2)->set_name("same");
  const auto model = g.Import();
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->states[0].name, "same.h");
  EXPECT_EQ(model->states[1].name, "same#2.h");
}

TEST(WholeSequenceTest, AccumulatedStatesAreNamedByTheirNode) {
  GraphBuilder g(12);
  g.Output(Mean(g, g.Through(1)));
  const auto model = g.Import();
  ASSERT_TRUE(model.ok()) << model.status();
  std::vector<std::string> names;
  for (const StateSpec& state : model->states) names.push_back(state.name);
  EXPECT_THAT(names, ElementsAre("layer.h", "pool.sum", "pool.steps"));
}

TEST(WholeSequenceTest, DoubleAndFloatAgree) {
  GraphBuilder g;
  g.Output(Mean(g, BothWays(g)));
  const auto model = g.Import();
  ASSERT_TRUE(model.ok()) << model.status();
  std::vector<double> state(model->initial_state.begin(), model->initial_state.end()), outputs(3 * model->output_size);
  Evaluate(*model, kInputs.data(), 3, state.data(), outputs.data());
  const std::vector<float> rows = g.Run(kInputs);
  for (size_t i = 0; i < rows.size(); ++i) EXPECT_NEAR(rows[i], outputs[i], kBound);
}

TEST(WholeSequenceTest, ValidationFindsAPassThatLeavesItsRow) {
  GraphBuilder g;
  g.Output(BothWays(g));
  const Model good = *g.Import();
  const auto message_after = [&](const std::function<void(Model&, Model&)>& change) {
    Model model = good;
    Model step = *model.passes[1].step;
    change(model, step);
    model.passes[1].step = std::make_shared<const Model>(step);
    return std::string(ValidateModel(model).message());
  };
  EXPECT_EQ(message_after([](Model&, Model&) {}), "");
  EXPECT_THAT(message_after([](Model& m, Model&) { --m.row_size; }), HasSubstr("frame [2, +2) of 3"));
  EXPECT_THAT(message_after([](Model&, Model& s) { --s.output_size; }), HasSubstr("pass 1: its rows"));
  EXPECT_THAT(message_after([](Model&, Model& s) { s.outputs[0].row.offset = 0; }), HasSubstr("over the inputs"));
  EXPECT_THAT(message_after([](Model&, Model& s) { s.outputs[0].has_time_axis = false; }), HasSubstr("its finals"));
  EXPECT_THAT(message_after([](Model& m, Model&) { m.passes[1].state_offset = 0; }), HasSubstr("pass 1: its state"));
  EXPECT_THAT(message_after([](Model& m, Model&) { m.initial_state.push_back(0); }), HasSubstr("belongs to no pass"));
  EXPECT_THAT(message_after([](Model&, Model& s) { s.ops.clear(); }), HasSubstr("pass 1: "));
}

}  // namespace
}  // namespace recurd
