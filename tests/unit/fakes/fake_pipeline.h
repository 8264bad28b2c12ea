#pragma once

#include <cmath>
#include <memory>
#include <string>
#include <utility>

#include "server/pipeline/pipeline.h"
#include "tests/unit/fakes/fake_clock.h"

namespace recurd {

// A pipeline whose model is h' = h + x, y = h', one float wide, taking step_ns a step of the fake clock. It can hold a
// run in flight (hold), and answer the next runs with faults.
class FakePipeline final : public Pipeline {
 public:
  struct Prepared final : PreparedModel {
    Prepared(std::shared_ptr<const Model> model, double step_ns) : model_(std::move(model)), step_ns_(step_ns) {}
    const Model& model() const override { return *model_; }
    double step_ns() const override { return step_ns_; }
    std::string numerics_profile() const override { return "fake"; }
    std::shared_ptr<const Model> model_;
    double step_ns_;
  };

  explicit FakePipeline(FakeClock& clock) : clock_(clock) {}

  static std::shared_ptr<const Model> MakeModel(const std::string& name = "adder") {
    auto model = std::make_shared<Model>();
    model->name = name;
    model->version = "1";
    model->fingerprint = "00000000000000aa";
    model->input_size = model->output_size = 1;
    model->initial_state = {0};
    return model;
  }

  const char* name() const override { return "fake"; }
  std::string target() const override { return "fake"; }
  std::string numerics_profile() const override { return "fake"; }
  absl::StatusOr<std::unique_ptr<PreparedModel>> Prepare(std::shared_ptr<const Model> model) override {
    return std::unique_ptr<PreparedModel>(std::make_unique<Prepared>(std::move(model), step_ns));
  }
  void Start(const Run& run) override {
    run_ = run;
    ++runs;
  }
  bool Poll(RunResult* result) override {
    if (hold) return false;
    clock_.now_ns += static_cast<int64_t>(run_.steps * run_.model->step_ns());
    if (faults > 0) {
      --faults;
      *result = {.outcome = RunResult::Outcome::kFault};
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
    resident_key_ = run_.next_state_key;
    return true;
  }

  double step_ns = 1000;
  bool hold = false;
  int faults = 0;
  int runs = 0;

 private:
  FakeClock& clock_;
  Run run_;
  uint64_t resident_key_ = 0;
};

}  // namespace recurd
