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
