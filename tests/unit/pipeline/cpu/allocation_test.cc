#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

#include "gtest/gtest.h"
#include "server/pipeline/cpu/cpu_pipeline.h"
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

TEST(CpuPipelineAllocationTest, StartAndPollAllocateNothing) {
  CpuPipeline pipeline;
  const auto model = std::make_shared<const Model>(RandomModel(LayerKind::kLstm, 33, 65));
  const std::unique_ptr<PreparedModel> prepared = pipeline.Prepare(model).value();
  std::vector<float> next(model->state_size()), inputs(10 * 33), outputs(10 * model->output_size);
  const recurd::Run run{.model = prepared.get(),
                        .state = model->initial_state.data(),
                        .next_state = next.data(),
                        .inputs = inputs.data(),
                        .outputs = outputs.data(),
                        .steps = 10};
  RunResult result;
  const size_t before = allocation_count;
  ASSERT_GT(before, 0u);
  pipeline.Start(run);
  pipeline.Poll(&result);
  EXPECT_EQ(allocation_count, before);
}

}  // namespace
}  // namespace recurd
