#include "server/pipeline/array/layer.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/fakes/random_model.h"

namespace recurd::array {
namespace {

using testing::ElementsAre;

// Two units, one input; each value says its ONNX gate (z 1, r 2, h 3) and row.
RecurrentOp TwoUnits(bool reset_after) {
  return {.cell = CellKind::kGru,
          .linear_before_reset = reset_after,
          .activations = {{UnaryKind::kSigmoid}, {UnaryKind::kTanh}},
          .in = {0, 1},
          .out = {1, 2},
          .input_weights = {6, 1, {10, 11, 20, 21, 30, 31}},
          .recurrent_weights = {6, 2, {100, 101, 110, 111, 200, 201, 210, 211, 300, 301, 310, 311}},
          .input_bias = {1, 2, 3, 4, 5, 6},
          .recurrent_bias = {.25, .5, .75, 1, 2, 3}};
}

TEST(LayerTest, GatesStandInTheArraysOrder) {
  const emu::GruWeights weights = WeightsOf(TwoUnits(true));
  EXPECT_EQ(weights.hidden_size, 2);
  EXPECT_EQ(weights.input_size, 1);
  EXPECT_THAT(weights.input, ElementsAre(20, 21, 10, 11, 30, 31));
  EXPECT_THAT(weights.recurrent, ElementsAre(200, 201, 210, 211, 100, 101, 110, 111, 300, 301, 310, 311));
}

TEST(LayerTest, BiasesAreAddedExceptTheCandidatesWhereTheResetComesAfterTheMatrix) {
  EXPECT_THAT(WeightsOf(TwoUnits(false)).bias, ElementsAre(3.75, 5, 1.25, 2.5, 7, 9));
  EXPECT_THAT(WeightsOf(TwoUnits(true)).bias, ElementsAre(3.75, 5, 1.25, 2.5, 5, 6));
  EXPECT_THAT(WeightsOf(TwoUnits(true)).recurrent_bias, ElementsAre(2, 3));
}

TEST(LayerTest, GatesOfAnLstmStandInTheArraysOrderToo) {
  const RecurrentOp lstm = {.cell = CellKind::kLstm,
                            .in = {0, 1},
                            .out = {1, 1},
                            .input_weights = {4, 1, {10, 20, 30, 40}},
                            .recurrent_weights = {4, 1, {11, 21, 31, 41}},
                            .input_bias = {1, 2, 3, 4},
                            .recurrent_bias = {.25, .5, .75, 1}};
  EXPECT_THAT(WeightsOf(lstm).input, ElementsAre(10, 30, 20, 40));
  EXPECT_THAT(WeightsOf(lstm).recurrent, ElementsAre(11, 31, 21, 41));
  EXPECT_THAT(WeightsOf(lstm).bias, ElementsAre(1.25, 3.75, 2.5, 5));
  EXPECT_EQ(ShapeOf(lstm).cell, hw::LaneCell::kLstm);
}

TEST(LayerTest, OnlyONNXsDefaultLayersAreWithoutObjection) {
  const auto op = [](LayerKind kind) { return RandomRecurrentOp(kind, {0, 3}, {3, 4}, 0, 1); };
  EXPECT_EQ(ObjectionToGru(op(LayerKind::kGruResetBefore)), "");
  EXPECT_EQ(ObjectionToGru(op(LayerKind::kGruResetAfter)), "");
  EXPECT_EQ(ObjectionToGru(op(LayerKind::kLstm)), "it is an LSTM, not a GRU");
  EXPECT_EQ(ObjectionToGruOrLstm(op(LayerKind::kLstm)), "");
  EXPECT_EQ(ObjectionToGru(op(LayerKind::kRnn)), "it is a plain RNN layer, and the array has none");
  RecurrentOp clipped = op(LayerKind::kGruResetAfter), other = clipped;
  clipped.clip = 3;
  EXPECT_EQ(ObjectionToGru(clipped), "it clips its gates");
  other.activations[0].kind = UnaryKind::kHardSigmoid;
  EXPECT_EQ(ObjectionToGru(other), "its activations are not Sigmoid and Tanh");
  RecurrentOp peeping = op(LayerKind::kLstm), coupled = peeping;
  peeping.peepholes.resize(12);
  EXPECT_EQ(ObjectionToGruOrLstm(peeping), "it has peepholes");
  coupled.input_forget = true;
  EXPECT_EQ(ObjectionToGruOrLstm(coupled), "it couples its input and forget gates");
}

}  // namespace
}  // namespace recurd::array
