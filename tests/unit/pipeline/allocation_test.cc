#include <cstdlib>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "server/pipeline/cpu/cpu_pipeline.h"
#include "server/pipeline/sim/mapping.h"
#include "server/pipeline/sim/sim_pipeline.h"
#include "tests/unit/fakes/random_model.h"

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

// What a run of ten steps allocates on a pipeline.
size_t AllocationsOfARun(Pipeline& pipeline, Model of) {
  const auto model = std::make_shared<const Model>(std::move(of));
  const std::unique_ptr<PreparedModel> prepared = pipeline.Prepare(model).value();
  std::vector<float> next(model->state_size()), inputs(10 * model->input_size), outputs(10 * model->output_size);
  const recurd::Run run{.model = prepared.get(),
                        .state = model->initial_state.data(),
                        .next_state = next.data(),
                        .inputs = inputs.data(),
                        .outputs = outputs.data(),
                        .steps = 10};
  RunResult result;
  const size_t before = allocation_count;
  EXPECT_GT(before, 0u);
  pipeline.Start(run);
  pipeline.Poll(&result);
  return allocation_count - before;
}

TEST(PipelineAllocationTest, StartAndPollOfTheCpuAllocateNothing) {
  CpuPipeline pipeline;
  EXPECT_EQ(AllocationsOfARun(pipeline, RandomModel(LayerKind::kLstm, 33, 65)), 0u);
}

TEST(PipelineAllocationTest, StartAndPollOfAMappingAllocateNothing) {
  for (const sim::MappingEntry& mapping : sim::Mappings()) {
    const auto pipeline = SimPipeline::Make(mapping.name, false, "").value();
    for (LayerKind kind : {LayerKind::kGruResetBefore, LayerKind::kGruResetAfter}) {
      EXPECT_EQ(AllocationsOfARun(*pipeline, RandomModel(kind, 8, 32)), 0u) << mapping.name;
    }
  }
}

}  // namespace
}  // namespace recurd
