#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/numeric/denormals.h"
#include "server/pipeline/array/layer.h"
#include "server/pipeline/array/two_pass_program.h"
#include "tests/unit/fakes/random_model.h"

namespace recurd::array {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;

constexpr emu::LayerShape kArray = {16, 8, hw::LaneCell::kGruAfter};

TEST(TwoPassCellTest, RowsAreTakenDownAndPadded) {
  TwoPassCell cell({3, 2, hw::LaneCell::kGruAfter}, kArray, 2);
  cell.Collect();
  const float x[] = {1, 2, 3, 4};
  cell.Step(x);
  cell.Step(x + 2);
  EXPECT_EQ(cell.steps(), 2);
  EXPECT_THAT(cell.rows(), ElementsAre(1, 2, 0, 0, 0, 0, 0, 0, 3, 4, 0, 0, 0, 0, 0, 0));
}

TEST(TwoPassCellTest, TheStateIsPaddedPartByPart) {
  TwoPassCell cell({2, 2, hw::LaneCell::kLstm}, {8, 8, hw::LaneCell::kLstm}, 1);
  for (int i = 0; i < 2; ++i) {
    cell.h()[i] = static_cast<float>(1 + i);
    cell.c()[i] = static_cast<float>(3 + i);
  }
  const float padded[] = {1, 2, 0, 0, 0, 0, 0, 0, 3, 4, 0, 0, 0, 0, 0, 0};
  EXPECT_THAT(std::vector<float>(cell.state(), cell.state() + 16), ElementsAreArray(padded));
}

TEST(TwoPassCellTest, AReplayGivesOneStateAStep) {
  TwoPassCell cell({2, 2, hw::LaneCell::kGruAfter}, kArray, 2);
  const float x[2] = {};
  cell.Collect();
  cell.Step(x);
  cell.Step(x);
  for (int i = 0; i < 2 * 16; ++i) cell.states()[i] = static_cast<float>(i);
  cell.Replay();
  cell.Step(x);
  EXPECT_THAT(std::vector<float>(cell.h(), cell.h() + 2), ElementsAre(0, 1));
  cell.Step(x);
  EXPECT_THAT(std::vector<float>(cell.h(), cell.h() + 2), ElementsAre(16, 17));
}

// The layers' states as the processor computes them.
void ComputeOnProcessor(const RecurrentOp& op, TwoPassCell* cell) {
  const ScopedFlushToZero flush;
  PackedRecurrentCell packed(op, ActivationForm::kExact, BestKernels());
  std::copy_n(cell->state(), op.out.size, packed.h());
  for (int step = 0; step < cell->steps(); ++step) {
    const float* const x = &cell->rows()[static_cast<size_t>(step) * kArray.input_size];
    packed.TakeInputs(x, 0, 1);
    packed.Step(x);
    std::copy_n(packed.h(), op.out.size, cell->states() + step * kArray.hidden_size);
  }
}

TEST(TwoPassProgramTest, LayerByLayerGivesTheBitsOfStepByStep) {
  constexpr int kSteps = 7;
  RandomModelBuilder builder(6);
  builder.AddDense(5);
  builder.AddLayer(LayerKind::kGruResetAfter, 8);
  builder.AddDense(7);
  builder.AddLayer(LayerKind::kGruResetAfter, 16);
  builder.AddDense(3);
  builder.AddOutput("y", builder.last());
  const Model model = std::move(builder.model());
  std::vector<const RecurrentOp*> ops;
  TwoPassProgram two_pass(model, BestKernels(), [&](const RecurrentOp& op) {
    ops.push_back(&op);
    return std::make_unique<TwoPassCell>(ShapeOf(op), kArray, kSteps);
  });
  Program plain(model, BestKernels(), [](const RecurrentOp& op) {
    return std::make_unique<PackedRecurrentCell>(op, ActivationForm::kExact, BestKernels());
  });
  const std::vector<float> inputs = RandomFloats(3).Vector(kSteps * 6, 1);
  std::vector<float> expected(kSteps * 3), found(kSteps * 3), expected_state(24), state(24);
  recurd::Run run{.state = model.initial_state.data(),
                  .next_state = expected_state.data(),
                  .inputs = inputs.data(),
                  .outputs = expected.data(),
                  .steps = kSteps};
  plain.Execute(run);
  run.outputs = found.data();
  run.next_state = state.data();
  ASSERT_EQ(two_pass.layer_count(), 2u);
  for (size_t layer = 0; layer < 2; ++layer) {
    two_pass.Collect(layer, run);
    ComputeOnProcessor(*ops[layer], &two_pass.layer(layer));
  }
  two_pass.Finish(run);
  EXPECT_EQ(found, expected);
  EXPECT_EQ(state, expected_state);
}

}  // namespace
}  // namespace recurd::array
