#pragma once

#include <atomic>
#include <cmath>
#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "server/pipeline/pipeline.h"
#include "tests/unit/fakes/fake_clock.h"

namespace recurd {

// A pipeline whose model is h' = h + x, y = h', one float wide, taking step_ns a step of the fake clock; or one that
// needs its whole sequence (MakeWholeModel). It can hold a run in flight (hold) or Poll itself (stuck), and fail runs:
// the next ones (script), or those with a certain input (poison). A failed run leaves NaN where its results would be.
class FakePipeline final : public Pipeline {
 public:
  struct Prepared final : PreparedModel {
    Prepared(std::shared_ptr<const Model> model, double step_ns, std::string profile)
        : model_(std::move(model)), step_ns_(step_ns), profile_(std::move(profile)) {}
    const Model& model() const override { return *model_; }
    double step_ns() const override { return step_ns_; }
    Accuracy accuracy() const override {
      return {.steps = 64, .largest_error = 0.25, .rms_error = 0.125, .rms_output = 1};
    }
    std::string numerics_profile() const override { return profile_; }
    std::shared_ptr<const Model> model_;
    double step_ns_;
    std::string profile_;
  };

  explicit FakePipeline(FakeClock& clock, const char* name = "fake", std::string profile = "fake")
      : clock_(clock), name_(name), profile_(std::move(profile)) {}

  static RunResult Failed(Fault fault) { return {.outcome = RunResult::Outcome::kFault, .fault = fault}; }
  static RunResult Lost(Fault fault = Fault::kHang) { return {.outcome = RunResult::Outcome::kLost, .fault = fault}; }

  static std::shared_ptr<const Model> MakeModel(const std::string& name = "adder") {
    auto model = std::make_shared<Model>();
    model->name = name;
    model->version = "1";
    model->fingerprint = "00000000000000aa";
    model->input_size = model->output_size = 1;
    model->initial_state = {0};
    model->inputs = {{.name = "x", .row = {0, 1}, .shape = {-1, 1, 1}}};
    model->outputs = {{.name = "y", .row = {0, 1}, .shape = {-1, 1, 1}},
                      {.name = "h_n", .row = {0, 1}, .shape = {1, 1, 1}, .has_time_axis = false}};
    model->states = {{.name = "adder.h", .input_name = "h_0", .output_name = "h_n", .size = 1}};
    model->state_inputs = {{.name = "h_0", .shape = {1, 1, 1}}};
    return model;
  }

  // A pass forward and one backward, each a running sum of x, and y is what both have at a step: the sum of all x, and
  // this step's once more. A row is x and the two sums.
  static std::shared_ptr<const Model> MakeWholeModel(const std::string& name = "mirror") {
    auto model = std::make_shared<Model>(*MakeModel(name));
    model->fingerprint = "00000000000000bb";
    model->initial_state = {0, 0};
    model->states = {{.name = "bi.h", .input_name = "h_0", .size = 1},
                     {.name = "bi.reverse.h", .input_name = "h_0", .offset = 1, .size = 1, .input_offset = 1}};
    model->state_inputs = {{.name = "h_0", .shape = {2, 1, 1}, .batch_axis = 1}};
    model->inputs[0].batch_axis = model->outputs[0].batch_axis = model->outputs[1].batch_axis = 1;
    auto step = std::make_shared<Model>();
    step->ops.push_back(RecurrentOp{.cell = CellKind::kLstm, .in = {0, 1}, .out = {1, 1}, .name = "bi"});
    model->passes = {{.step = step}, {.backward = true, .step = step, .state_offset = 1}};
    model->row_size = 3;
    model->whole_sequence_reason = "node 'bi' (LSTM): it runs backward";
    return model;
  }

  const char* name() const override { return name_; }
  std::string target() const override { return "fake"; }
  std::string numerics_profile() const override { return profile_; }
  absl::StatusOr<std::unique_ptr<PreparedModel>> Prepare(std::shared_ptr<const Model> model) override {
    return std::unique_ptr<PreparedModel>(std::make_unique<Prepared>(std::move(model), step_ns, profile_));
  }
  void Start(const Run& run) override {
    run_ = run;
    ++runs;
    misuses += lost_;
    misuses += run.state_key == resident_key_ && run.state[0] != resident_value_;
  }
  bool Poll(RunResult* result) override {
    while (stuck) {
    }
    if (hold) return false;
    clock_.now_ns += static_cast<int64_t>(run_.steps * run_.model->step_ns());
    if (std::optional<RunResult> failure = NextFailure()) {
      *result = *failure;
      lost_ = failure->outcome == RunResult::Outcome::kLost;
      run_.next_state[0] = std::numeric_limits<float>::quiet_NaN();
      if (run_.slice.rows != nullptr) return SpoilRows();
      for (int i = 0; i < run_.selection.Count(run_.steps); ++i) run_.outputs[i] = run_.next_state[0];
      return true;
    }
    if (run_.slice.rows != nullptr) {
      RunSlice();
      *result = {.state_hit = run_.state_key == resident_key_};
      Keep();
      return true;
    }
    float h = run_.state[0];
    int written = 0;
    for (int t = 0; t < run_.steps; ++t) {
      h += run_.inputs[t];
      if (t >= run_.selection.first && (t - run_.selection.first) % run_.selection.stride == 0)
        run_.outputs[written++] = h;
    }
    run_.next_state[0] = h;
    *result = {.state_hit = run_.state_key == resident_key_};
    Keep();
    return true;
  }
  absl::Status Repair() override {
    ++repairs;
    while (hold_repair) {
    }
    lost_ = !repairable;
    return repairable ? absl::OkStatus() : absl::UnavailableError("nothing helps");
  }

  double step_ns = 1000;
  std::atomic<bool> hold = false, stuck = false, hold_repair = false;
  std::atomic<bool> repairable = true;
  std::deque<RunResult> script;  // of the next runs; kOk: it is computed
  float poison = 666;            // a run with this input fails
  RunResult poisoned = Failed(Fault::kNone);
  int runs = 0;
  std::atomic<int> repairs = 0;
  int misuses = 0;  // runs started while it was lost, or whose state isn't what its key says

 private:
  // The step of the sequence that is the run's t-th.
  int StepAt(int t) const {
    if (run_.slice.rows == nullptr) return t;
    const PassSlice& slice = run_.slice;
    return slice.pass == 0 ? slice.done + t : slice.sequence_steps - 1 - slice.done - t;
  }

  void RunSlice() {
    const PassSlice& slice = run_.slice;
    run_.next_state[0] = run_.state[0];
    run_.next_state[1] = run_.state[1];
    for (int t = 0; t < run_.steps; ++t) {
      float* row = slice.rows + StepAt(t) * 3;
      if (slice.pass == 0) row[0] = run_.inputs[StepAt(t)];
      row[1 + slice.pass] = run_.next_state[slice.pass] += row[0];
    }
    if (slice.pass == 0 || slice.done + run_.steps < slice.sequence_steps) return;
    float* to = run_.outputs;
    for (int t = run_.selection.first; t < slice.sequence_steps; t += run_.selection.stride) {
      *to++ = slice.rows[t * 3 + 1] + slice.rows[t * 3 + 2];
    }
  }

  bool SpoilRows() {
    for (int t = 0; t < run_.steps; ++t) run_.slice.rows[StepAt(t) * 3 + 1 + run_.slice.pass] = run_.next_state[0];
    return true;
  }

  void Keep() {
    resident_key_ = run_.next_state_key;
    resident_value_ = run_.next_state[0];
  }

  std::optional<RunResult> NextFailure() {
    for (int t = 0; t < run_.steps; ++t) {
      if (run_.inputs[StepAt(t)] == poison) return poisoned;
    }
    if (script.empty()) return std::nullopt;
    const RunResult result = script.front();
    script.pop_front();
    return result.outcome == RunResult::Outcome::kOk ? std::nullopt : std::optional(result);
  }

  FakeClock& clock_;
  const char* const name_;
  const std::string profile_;
  Run run_;
  uint64_t resident_key_ = 0;
  float resident_value_ = 0;
  bool lost_ = false;
};

}  // namespace recurd
