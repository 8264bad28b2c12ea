#include "server/model/validate.h"

#include <functional>
#include <variant>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/fakes/random_model.h"

namespace recurd {
namespace {

using testing::HasSubstr;

// The message for RandomModel after `change`; empty if it's still valid.
std::string MessageAfter(const std::function<void(Model&)>& change, LayerKind kind = LayerKind::kLstm) {
  Model model = RandomModel(kind, 3, 5);
  change(model);
  const absl::Status status = ValidateModel(model);
  EXPECT_TRUE(status.ok() || status.code() == absl::StatusCode::kInvalidArgument);
  return std::string(status.message());
}

template <class AnyOp>
AnyOp& First(Model& model) {
  for (Op& op : model.ops) {
    if (auto* found = std::get_if<AnyOp>(&op)) return *found;
  }
  std::abort();
}

TEST(ValidateModelTest, TakesEveryKindOfLayer) {
  for (LayerKind kind : {LayerKind::kGruResetBefore, LayerKind::kGruResetAfter, LayerKind::kLstm, LayerKind::kRnn}) {
    EXPECT_EQ(MessageAfter([](Model&) {}, kind), "");
  }
}

TEST(ValidateModelTest, NamesTheOperatorAndItsPlace) {
  EXPECT_THAT(MessageAfter([](Model& m) { First<RecurrentOp>(m).input_bias.pop_back(); }),
              HasSubstr("operator 0 (layer)"));
  EXPECT_THAT(MessageAfter([](Model& m) { First<DenseOp>(m).bias.pop_back(); }), HasSubstr("operator 1: dense bias"));
}

TEST(ValidateModelTest, RefusesSpansOutsideTheFrame) {
  EXPECT_THAT(MessageAfter([](Model& m) { First<DenseOp>(m).in.offset = -1; }), HasSubstr("isn't inside the frame"));
  EXPECT_THAT(MessageAfter([](Model& m) { First<UnaryOp>(m).out.offset = INT32_MAX; }),
              HasSubstr("isn't inside the frame"));
  EXPECT_THAT(MessageAfter([](Model& m) { First<ReduceOp>(m).out.size = 0; }), HasSubstr("isn't inside the frame"));
  EXPECT_THAT(MessageAfter([](Model& m) { m.frame_size = -1; }), HasSubstr("negative"));
  EXPECT_THAT(MessageAfter([](Model& m) { m.inputs[0].frame.offset = m.frame_size; }), HasSubstr("tensor x"));
  EXPECT_THAT(MessageAfter([](Model& m) { m.outputs[0].row.size = 2; }), HasSubstr("tensor y"));
}

TEST(ValidateModelTest, RefusesSizesThatDontFit) {
  EXPECT_THAT(MessageAfter([](Model& m) { First<DenseOp>(m).matrix.values.pop_back(); }), HasSubstr("dense matrix"));
  EXPECT_THAT(MessageAfter([](Model& m) { First<RecurrentOp>(m).input_weights.values.pop_back(); }),
              HasSubstr("[gates*H][I]"));
  EXPECT_THAT(MessageAfter([](Model& m) { First<RecurrentOp>(m).recurrent_weights.rows = 1; }),
              HasSubstr("[gates*H][H]"));
  EXPECT_THAT(MessageAfter([](Model& m) { First<RecurrentOp>(m).peepholes = {1}; }), HasSubstr("peepholes"));
  EXPECT_THAT(MessageAfter([](Model& m) { First<RecurrentOp>(m).activations.pop_back(); }), HasSubstr("activations"));
  EXPECT_THAT(MessageAfter([](Model& m) { First<RecurrentOp>(m).clip = -1; }), HasSubstr("clip"));
  EXPECT_THAT(MessageAfter([](Model& m) { First<UnaryOp>(m).in.size = 1; }), HasSubstr("differ in size"));
  EXPECT_THAT(MessageAfter([](Model& m) { First<BinaryOp>(m).a.size = 2; }), HasSubstr("neither 1 nor"));
  EXPECT_THAT(MessageAfter([](Model& m) { First<ReduceOp>(m).out.size = 2; }), HasSubstr("multiple"));
}

TEST(ValidateModelTest, RefusesResultsOnTheirOperandsOrOnConstants) {
  EXPECT_THAT(MessageAfter([](Model& m) {
                First<RepeatOp>(m).out = {First<RepeatOp>(m).in.offset, 3};
              }),
              HasSubstr("lies on its operand"));
  EXPECT_THAT(MessageAfter([](Model& m) {
                m.constants.push_back({First<DenseOp>(m).out, {1, 2, 3}});
              }),
              HasSubstr("lies on a constant"));
  EXPECT_THAT(MessageAfter([](Model& m) { m.constants.push_back({{0, 2}, {1}}); }), HasSubstr("doesn't fit its span"));
}

TEST(ValidateModelTest, RefusesStatesThatAreSharedOrNobodys) {
  EXPECT_THAT(MessageAfter([](Model& m) { First<RecurrentOp>(m).state_offset = 1; }), HasSubstr("state isn't inside"));
  EXPECT_THAT(MessageAfter([](Model& m) { m.initial_state.push_back(0); }), HasSubstr("belongs to no layer"));
  const auto share = [](Model& m) {
    m.ops.insert(m.ops.begin(), m.ops[0]);
    m.state_op_count = 2;
  };
  EXPECT_THAT(MessageAfter(share), HasSubstr("shares its state"));
}

TEST(ValidateModelTest, RefusesLayersBehindTheStatesOperators) {
  EXPECT_THAT(MessageAfter([](Model& m) { m.state_op_count = 0; }), HasSubstr("outside the first 0 operators"));
  EXPECT_THAT(MessageAfter([](Model& m) { m.state_op_count = 99; }), HasSubstr("state_op_count 99"));
}

}  // namespace
}  // namespace recurd
