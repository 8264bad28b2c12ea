#include "server/pipeline/measure.h"

#include <algorithm>
#include <array>
#include <vector>

#include "server/base/clock.h"
#include "server/pipeline/sequence_program.h"

namespace recurd {

namespace {

constexpr int kMaxSteps = 64;

// What a run of `steps` steps takes; of a model that has passes, the slowest of them.
class RunTimer {
 public:
  RunTimer(const Model& model, const std::function<void(const Run&)>& execute)
      : model_(model),
        execute_(execute),
        inputs_(static_cast<size_t>(kMaxSteps) * model.input_size),
        outputs_(static_cast<size_t>(kMaxSteps) * model.output_size),
        state_(model.state_size()) {}

  int64_t operator()(int steps) {
    slowest_ns_ = 0;
    const Run run{.state = model_.initial_state.data(),
                  .next_state = state_.data(),
                  .inputs = inputs_.data(),
                  .outputs = outputs_.data(),
                  .steps = steps,
                  .selection = OutputSelection::Every()};
    const auto time = [this](const Run& timed) { Time(timed); };
    model_.streams() ? Time(run) : RunWholeSequence(model_, run, steps, time);
    return slowest_ns_;
  }

 private:
  void Time(const Run& run) {
    const int64_t start_ns = clock_.NowNs();
    execute_(run);
    slowest_ns_ = std::max(slowest_ns_, clock_.NowNs() - start_ns);
  }

  const Model& model_;
  const std::function<void(const Run&)>& execute_;
  const std::vector<float> inputs_;
  std::vector<float> outputs_, state_;
  const SteadyClock clock_;
  int64_t slowest_ns_ = 0;
};

}  // namespace

double MeasureStepNs(const Model& model, const std::function<void(const Run&)>& execute) {
  constexpr int64_t kRunNs = 100'000;
  RunTimer time_run(model, execute);
  time_run(1);
  const int steps = static_cast<int>(std::clamp<int64_t>(kRunNs / std::max<int64_t>(time_run(1), 1), 1, kMaxSteps));
  std::array<int64_t, 9> times;
  for (int64_t& time : times) time = time_run(steps);
  std::nth_element(times.begin(), times.begin() + times.size() / 2, times.end());
  return std::max(1.0, static_cast<double>(times[times.size() / 2]) / steps);
}

Accuracy MeasureRunAccuracy(const Model& model, const std::function<void(const Run&)>& execute) {
  std::vector<float> next_state(model.state_size());
  return MeasureAccuracy(model, [&](const float* inputs, int steps, float* outputs) {
    const Run run{.state = model.initial_state.data(),
                  .next_state = next_state.data(),
                  .inputs = inputs,
                  .outputs = outputs,
                  .steps = steps,
                  .selection = OutputSelection::Every()};
    model.streams() ? execute(run) : RunWholeSequence(model, run, steps, execute);
  });
}

}  // namespace recurd
