#include "server/pipeline/measure.h"

#include <algorithm>
#include <array>
#include <vector>

#include "server/base/clock.h"
#include "server/pipeline/sequence_program.h"

namespace recurd {

double MeasureStepNs(const Model& model, const std::function<void(const Run&)>& execute) {
  constexpr int kMaxSteps = 64;
  constexpr int64_t kRunNs = 100'000;
  const SteadyClock clock;
  const std::vector<float> inputs(static_cast<size_t>(kMaxSteps) * model.input_size);
  std::vector<float> outputs(static_cast<size_t>(kMaxSteps) * model.output_size), state(model.state_size());
  const auto time_run = [&](int steps) {
    const int64_t start = clock.NowNs();
    const Run run{.state = model.initial_state.data(),
                  .next_state = state.data(),
                  .inputs = inputs.data(),
                  .outputs = outputs.data(),
                  .steps = steps,
                  .selection = OutputSelection::Every()};
    if (!model.streams()) {
      RunWholeSequence(model, run, steps, execute);
      return (clock.NowNs() - start) / static_cast<int64_t>(model.passes.size());
    }
    execute(run);
    return clock.NowNs() - start;
  };
  time_run(1);
  const int steps = static_cast<int>(std::clamp<int64_t>(kRunNs / std::max<int64_t>(time_run(1), 1), 1, kMaxSteps));
  std::array<int64_t, 9> times;
  for (int64_t& time : times) time = time_run(steps);
  std::nth_element(times.begin(), times.begin() + times.size() / 2, times.end());
  return std::max(1.0, static_cast<double>(times[times.size() / 2]) / steps);
}

}  // namespace recurd
