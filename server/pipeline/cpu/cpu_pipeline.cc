#include "server/pipeline/cpu/cpu_pipeline.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "server/base/clock.h"
#include "server/base/status_macros.h"
#include "server/model/validate.h"
#include "server/numeric/denormals.h"
#include "server/numeric/profile.h"
#include "server/pipeline/cpu/program.h"

namespace recurd {
namespace {

class CpuModel final : public PreparedModel {
 public:
  CpuModel(std::shared_ptr<const Model> model, const Kernels& kernels)
      : model_(std::move(model)), program_(*model_, kernels) {}

  const Model& model() const override { return *model_; }
  double step_ns() const override { return step_ns_; }
  void set_step_ns(double step_ns) { step_ns_ = step_ns; }

  void Execute(const Run& run) {
    const ScopedFlushToZero flush;
    const float* inputs = run.inputs;
    float* outputs = run.outputs;
    int next_output = run.selection.first;
    program_.LoadState(run.state);
    for (int step = 0; step < run.steps; ++step, inputs += model_->input_size) {
      const bool selected = step == next_output;
      program_.Step(inputs, selected ? outputs : nullptr);
      if (!selected) continue;
      outputs += model_->output_size;
      next_output += run.selection.stride;
    }
    program_.StoreState(run.next_state);
  }

 private:
  const std::shared_ptr<const Model> model_;
  cpu::Program program_;
  double step_ns_ = 0;
};

// The time of a step with all outputs, median over a few short runs of zeros.
double MeasureStepNs(CpuModel& model) {
  constexpr int kMaxSteps = 64;
  constexpr int64_t kRunNs = 100'000;
  const SteadyClock clock;
  const Model& m = model.model();
  const std::vector<float> inputs(static_cast<size_t>(kMaxSteps) * m.input_size);
  std::vector<float> outputs(static_cast<size_t>(kMaxSteps) * m.output_size), state(m.state_size());
  const auto time_run = [&](int steps) {
    const int64_t start = clock.NowNs();
    model.Execute({.state = m.initial_state.data(),
                   .next_state = state.data(),
                   .inputs = inputs.data(),
                   .outputs = outputs.data(),
                   .steps = steps,
                   .selection = OutputSelection::Every()});
    return clock.NowNs() - start;
  };
  time_run(1);
  const int steps = static_cast<int>(std::clamp<int64_t>(kRunNs / std::max<int64_t>(time_run(1), 1), 1, kMaxSteps));
  std::array<int64_t, 9> times;
  for (int64_t& time : times) time = time_run(steps);
  std::nth_element(times.begin(), times.begin() + times.size() / 2, times.end());
  return std::max(1.0, static_cast<double>(times[times.size() / 2]) / steps);
}

}  // namespace

std::string CpuPipeline::numerics_profile() const { return kFp32Profile; }

absl::StatusOr<std::unique_ptr<PreparedModel>> CpuPipeline::Prepare(std::shared_ptr<const Model> model) {
  RECURD_RETURN_IF_ERROR(ValidateModel(*model));
  auto prepared = std::make_unique<CpuModel>(std::move(model), kernels_);
  prepared->set_step_ns(MeasureStepNs(*prepared));
  return prepared;
}

void CpuPipeline::Start(const Run& run) { static_cast<CpuModel*>(run.model)->Execute(run); }

bool CpuPipeline::Poll(RunResult* result) {
  *result = RunResult{};
  return true;
}

}  // namespace recurd
