#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "server/base/crc32c.h"
#include "server/pipeline/pipeline.h"
#include "tests/unit/fakes/random_model.h"

namespace recurd {

// One sequence of one model on one pipeline, cut into runs.
class Sequence {
 public:
  static constexpr int kSteps = 23;

  Sequence(Pipeline& pipeline, Model model)
      : pipeline_(pipeline), model_(std::make_shared<const Model>(std::move(model))), state_(model_->initial_state) {
    absl::StatusOr<std::unique_ptr<PreparedModel>> prepared = pipeline.Prepare(model_);
    EXPECT_TRUE(prepared.ok()) << prepared.status();
    prepared_ = *std::move(prepared);
    inputs_ = RandomFloats(77).Vector(static_cast<size_t>(kSteps) * model_->input_size, 2);
  }
  // Another session of what `other` prepared, with other inputs.
  Sequence(const Sequence& other, uint64_t seed)
      : pipeline_(other.pipeline_), model_(other.model_), prepared_(other.prepared_), state_(model_->initial_state) {
    inputs_ = RandomFloats(seed).Vector(static_cast<size_t>(kSteps) * model_->input_size, 2);
  }

  void RunSteps(int steps, OutputSelection selection) {
    std::vector<float> next(state_.size()), outputs(static_cast<size_t>(selection.Count(steps)) * model_->output_size);
    const uint64_t next_key = NewKey();
    result_ = Execute(steps, selection, next_key, &next, &outputs);
    ASSERT_EQ(result_.outcome, RunResult::Outcome::kOk);
    key_ = next_key;
    state_ = next;
    outputs_.insert(outputs_.end(), outputs.begin(), outputs.end());
    done_ += steps;
  }

  // The next steps, whatever comes of them: the sequence stays where it is.
  RunResult TryRun(int steps) {
    std::vector<float> next(state_.size()), outputs(static_cast<size_t>(steps) * model_->output_size);
    return Execute(steps, OutputSelection::Every(), NewKey(), &next, &outputs);
  }

  // Runs to the end in pieces of length(), taking every output.
  void RunAll(const std::function<int()>& length) {
    while (done_ < kSteps) {
      const int steps = std::min(length(), kSteps - done_);
      RunSteps(steps, OutputSelection::Every());
    }
  }

  uint32_t Crc() const {
    const uint32_t crc = Crc32c(outputs_.data(), outputs_.size() * sizeof(float));
    return Crc32c(state_.data(), state_.size() * sizeof(float), crc);
  }

  // No two states have the same.
  static uint64_t NewKey() {
    static uint64_t last = 0;
    return ++last;
  }

  RunResult Execute(int steps, OutputSelection selection, uint64_t next_key, std::vector<float>* next,
                    std::vector<float>* outputs) {
    const Run run{.model = prepared_.get(),
                  .state_key = key_,
                  .next_state_key = next_key,
                  .state = state_.data(),
                  .next_state = next->data(),
                  .inputs = inputs_.data() + static_cast<size_t>(done_) * model_->input_size,
                  .outputs = outputs->data(),
                  .steps = steps,
                  .selection = selection};
    RunResult result;
    pipeline_.Start(run);
    while (!pipeline_.Poll(&result)) {
    }
    return result;
  }

  Pipeline& pipeline_;
  const std::shared_ptr<const Model> model_;
  std::shared_ptr<PreparedModel> prepared_;
  std::vector<float> state_, inputs_, outputs_;
  int done_ = 0;
  uint64_t key_ = NewKey();
  RunResult result_;  // of the last run
};

}  // namespace recurd
