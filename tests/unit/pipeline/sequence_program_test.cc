#include "server/pipeline/sequence_program.h"

#include <memory>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/numeric/denormals.h"
#include "server/pipeline/check.h"
#include "server/pipeline/cpu/cpu_pipeline.h"
#include "tests/unit/fakes/random_layer.h"
#include "tests/unit/model/format/graph_builder.h"

namespace recurd {
namespace {

using testing::ElementsAreArray;
using testing::HasSubstr;

constexpr int kSteps = 23;

// Two bidirectional layers, then attention: three walks for the layers and as many for the softmax and the sum.
Model AttentionModel() {
  constexpr int kHidden = 9, kFeatures = 5;
  GraphBuilder g(13);
  RandomFloats random(3);
  const auto weights = [&](const std::vector<int64_t>& sizes) {
    return g.Floats(sizes, random.Vector(sizes[0] * sizes[1] * (sizes.size() > 2 ? sizes[2] : 1), 0.4f));
  };
  std::string y = g.Input("x", {-1, 1, kFeatures});
  int features = kFeatures;
  for (const std::string op : {"LSTM", "GRU"}) {
    const int rows = (op == "GRU" ? 3 : 4) * kHidden;
    auto layer = g.Node(op, op, {y, weights({2, rows, features}), weights({2, rows, kHidden}), weights({2, 2 * rows})});
    layer.Set("hidden_size", kHidden).Set("direction", "bidirectional");
    y = g.Node(op + ".turn", "Transpose", {layer}).Set("perm", std::vector<int64_t>{0, 2, 1, 3});
    y = g.Node(op + ".flat", "Reshape", {y, g.Integers({0, 1, features = 2 * kHidden})});
  }
  const std::string scores = g.Node("score", "MatMul", {y, weights({2 * kHidden, 1})});
  const std::string attention = g.Node("attend", "Softmax", {scores}).Set("axis", 0);
  g.Output(g.Node("context", "ReduceSum", {g.Node("weigh", "Mul", {attention, y}), g.Integers({0})}));
  g.Output(y);
  absl::StatusOr<Model> model = g.Import();
  EXPECT_TRUE(model.ok()) << model.status();
  return *std::move(model);
}

struct Values {
  std::vector<float> state, outputs;
};

class SequenceProgramTest : public testing::Test {
 protected:
  Values Reference(const std::vector<float>& inputs) {
    Values values{model_->initial_state, std::vector<float>(kSteps * model_->output_size)};
    Evaluate(*model_, inputs.data(), kSteps, values.state.data(), values.outputs.data());
    return values;
  }

  Values OnCpu(const std::vector<float>& inputs, int slice_steps, OutputSelection selection = {},
               const Kernels& kernels = BestKernels()) {
    CpuPipeline pipeline(kernels);
    const std::unique_ptr<PreparedModel> prepared = pipeline.Prepare(model_).value();
    Values values{model_->initial_state, std::vector<float>(selection.Count(kSteps) * model_->output_size)};
    const recurd::Run run{.model = prepared.get(),
                          .state = model_->initial_state.data(),
                          .next_state = values.state.data(),
                          .inputs = inputs.data(),
                          .outputs = values.outputs.data(),
                          .steps = kSteps,
                          .selection = selection};
    RunWholeSequence(*model_, run, slice_steps, [&](const recurd::Run& slice) { pipeline.Start(slice); });
    return values;
  }

  const std::shared_ptr<const Model> model_ = std::make_shared<const Model>(AttentionModel());
  const std::vector<float> inputs_ = RandomFloats(7).Vector(kSteps * model_->input_size, 2);
};

TEST_F(SequenceProgramTest, HasTheReferencesBitsHoweverItsPassesAreCut) {
  ASSERT_GE(model_->passes.size(), 4u);
  const Values expected = Reference(inputs_);
  for (const Kernels* kernels : RunnableKernels()) {
    for (int slice_steps : {1, 2, 7, kSteps}) {
      const Values found = OnCpu(inputs_, slice_steps, OutputSelection::Every(), *kernels);
      EXPECT_EQ(found.outputs, expected.outputs) << kernels->target << " " << slice_steps;
      EXPECT_EQ(found.state, expected.state) << kernels->target << " " << slice_steps;
    }
  }
}

TEST_F(SequenceProgramTest, TheLastRunWritesTheSelectedOutputs) {
  const std::vector<float> all = Reference(inputs_).outputs;
  const int width = model_->output_size;
  std::vector<float> expected;
  for (int step = 3; step < kSteps; step += 6) {
    expected.insert(expected.end(), all.begin() + step * width, all.begin() + (step + 1) * width);
  }
  EXPECT_THAT(OnCpu(inputs_, 4, {.first = 3, .stride = 6}).outputs, ElementsAreArray(expected));
  EXPECT_TRUE(OnCpu(inputs_, 4, OutputSelection::None(kSteps)).outputs.empty());
}

TEST(SequenceProgramFlushTest, DenormalsAreFlushed) {
  GraphBuilder g;
  const std::string y = g.ThroughLayer(g.Input("x", {-1, 1, 1}), 1);
  g.Output(g.Node("sum", "ReduceSum", {y, g.Integers({0})}));
  const Model model = *g.Import();
  const float input = 1e-40f, *start = model.initial_state.data();
  float output = 1;
  std::vector<float> next(model.initial_state.size());
  CpuPipeline pipeline;
  const std::unique_ptr<PreparedModel> prepared = pipeline.Prepare(std::make_shared<const Model>(model)).value();
  const recurd::Run run{.model = prepared.get(),
                        .state = start,
                        .next_state = next.data(),
                        .inputs = &input,
                        .outputs = &output,
                        .steps = 1};
  RunWholeSequence(model, run, 1, [&](const recurd::Run& slice) { pipeline.Start(slice); });
  EXPECT_EQ(output, 0);
}

TEST_F(SequenceProgramTest, AWrongPassIsFoundBeforeTheModelIsServed) {
  const auto check = [&](int wrong_pass) {
    CpuPipeline pipeline;
    const std::unique_ptr<PreparedModel> prepared = pipeline.Prepare(model_).value();
    return CheckAgainstReference(*model_, ActivationForm::kExact, kSameBits, [&](const recurd::Run& given) {
      recurd::Run run = given;
      run.model = prepared.get();
      pipeline.Start(run);
      if (run.slice.pass == wrong_pass) run.next_state[model_->passes[wrong_pass].state_offset] += 0.5f;
    });
  };
  EXPECT_TRUE(check(-1).ok());
  EXPECT_THAT(check(0).message(), HasSubstr("differs by"));
  EXPECT_THAT(check(1).message(), HasSubstr("differs by"));
}

}  // namespace
}  // namespace recurd
