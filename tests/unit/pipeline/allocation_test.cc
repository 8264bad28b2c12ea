#include <cstdlib>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "server/numeric/activation_form.h"
#include "server/pipeline/array/mapping.h"
#include "server/pipeline/cpu/cpu_pipeline.h"
#include "server/pipeline/sim/sim_pipeline.h"
#include "server/pipeline/xrt/xrt_pipeline.h"
#include "tests/unit/fakes/random_model.h"
#include "tests/unit/pipeline/xrt/fake_device.h"

namespace {

size_t allocation_count = 0;

void* Count(void* memory) {
  ++allocation_count;
  if (!memory) std::abort();
  return memory;
}

}  // namespace

// Not inlined: GCC would see free() given what it takes for another allocator's memory.
#define RECURD_NOINLINE __attribute__((noinline))

RECURD_NOINLINE void* operator new(size_t size) { return Count(std::malloc(size)); }
RECURD_NOINLINE void* operator new(size_t size, std::align_val_t align) {
  const size_t unit = static_cast<size_t>(align);
  return Count(std::aligned_alloc(unit, (size + unit - 1) / unit * unit));
}
RECURD_NOINLINE void operator delete(void* memory) noexcept { std::free(memory); }
RECURD_NOINLINE void operator delete(void* memory, size_t) noexcept { std::free(memory); }
RECURD_NOINLINE void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
RECURD_NOINLINE void operator delete(void* memory, size_t, std::align_val_t) noexcept { std::free(memory); }

namespace recurd {
namespace {

// What a run of ten steps allocates on a pipeline, after others of the same model.
size_t AllocationsOfARun(Pipeline& pipeline, Model of, int runs_before = 0) {
  const auto model = std::make_shared<const Model>(std::move(of));
  const std::unique_ptr<PreparedModel> prepared = pipeline.Prepare(model).value();
  std::vector<float> next(model->state_size()), inputs(10 * model->input_size), outputs(10 * model->output_size);
  const recurd::Run run{.model = prepared.get(),
                        .state = model->initial_state.data(),
                        .next_state = next.data(),
                        .inputs = inputs.data(),
                        .outputs = outputs.data(),
                        .steps = 10};
  size_t before = 0;
  for (int i = 0; i <= runs_before; ++i) {
    RunResult result;
    before = allocation_count;
    EXPECT_GT(before, 0u);
    pipeline.Start(run);
    while (!pipeline.Poll(&result)) {
    }
    EXPECT_EQ(result.outcome, RunResult::Outcome::kOk);
  }
  return allocation_count - before;
}

TEST(PipelineAllocationTest, StartAndPollOfTheCpuAllocateNothing) {
  CpuPipeline pipeline;
  EXPECT_EQ(AllocationsOfARun(pipeline, RandomModel(LayerKind::kLstm, 33, 65)), 0u);
}

// A walk backward over one layer, then a walk forward that hands its result on.
Model BothWays() {
  Model forward = RandomModel(LayerKind::kLstm, 3, 9), backward = forward;
  forward.output_size = backward.output_size = forward.input_size = backward.input_size = 3 + 12;
  for (Model* step : {&forward, &backward}) {
    for (TensorSpec& output : step->outputs) output.row.offset += 3;
    step->state_op_count = static_cast<int>(step->ops.size());  // its outputs are wanted at every step
  }
  Model model{.name = "both ways", .inputs = forward.inputs, .outputs = forward.outputs, .input_size = 3};
  model.inputs[0].frame = {0, 3};
  for (TensorSpec& output : model.outputs)
    output.frame = std::exchange(output.row, Span{output.row.offset - 3, output.row.size});
  model.output_size = 12;
  model.row_size = 15;
  model.passes.push_back({.backward = true, .step = std::make_shared<const Model>(backward)});
  model.passes.push_back({.step = std::make_shared<const Model>(forward), .state_offset = backward.state_size()});
  for (const Pass& pass : model.passes) {
    model.initial_state.insert(model.initial_state.end(), pass.step->initial_state.begin(),
                               pass.step->initial_state.end());
  }
  return model;
}

TEST(PipelineAllocationTest, ASliceOfAPassAllocatesNothing) {
  constexpr int kSteps = 10;
  CpuPipeline pipeline;
  const auto model = std::make_shared<const Model>(BothWays());
  const std::unique_ptr<PreparedModel> prepared = pipeline.Prepare(model).value();
  std::vector<float> next(model->state_size()), rows(kSteps * model->row_size), inputs(kSteps * model->input_size),
      outputs(kSteps * model->output_size);
  recurd::Run run{.model = prepared.get(),
                  .state = model->initial_state.data(),
                  .next_state = next.data(),
                  .inputs = inputs.data(),
                  .outputs = outputs.data(),
                  .steps = kSteps,
                  .slice = {.rows = rows.data(), .sequence_steps = kSteps}};
  const size_t before = allocation_count;
  for (run.slice.pass = 0; run.slice.pass < 2; ++run.slice.pass) pipeline.Start(run);
  EXPECT_EQ(allocation_count, before);
}

TEST(PipelineAllocationTest, NoFormOfActivationAllocates) {
  for (const NamedForm& named : ActivationForms()) {
    CpuPipeline cpu;
    const auto sim = SimPipeline::Make("lanes", false, "").value();
    Model model = RandomModel(LayerKind::kGruResetAfter, 8, 32);
    model.activation = named.form;
    EXPECT_EQ(AllocationsOfARun(cpu, model), 0u) << named.name;
    EXPECT_EQ(AllocationsOfARun(*sim, model), 0u) << named.name;
  }
}

TEST(PipelineAllocationTest, StartAndPollOfAMappingAllocateNothing) {
  for (const array::MappingEntry& mapping : array::Mappings()) {
    const auto pipeline = SimPipeline::Make(mapping.name, false, "").value();
    for (LayerKind kind : {LayerKind::kGruResetBefore, LayerKind::kGruResetAfter}) {
      EXPECT_EQ(AllocationsOfARun(*pipeline, RandomModel(kind, 8, 32)), 0u) << mapping.name;
    }
  }
}

// A layer's first run brings its weights to the board, and may.
TEST(PipelineAllocationTest, StartAndPollOfTheBoardAllocateNothing) {
  const SteadyClock clock;
  for (const board::Caching caching : {board::Caching::kUncached, board::Caching::kCacheable}) {
    const auto pipeline =
        XrtPipeline::Make(std::make_unique<board::FakeDevice>(32, 8), "auto", clock, {.caching = caching}).value();
    EXPECT_EQ(AllocationsOfARun(*pipeline, RandomModel(LayerKind::kGruResetAfter, 8, 32), 1), 0u);
    EXPECT_EQ(pipeline->weight_loads(), 1u);
  }
}

}  // namespace
}  // namespace recurd
