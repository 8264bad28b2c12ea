#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/engine/engine.h"
#include "tests/unit/fakes/fake_client.h"
#include "tests/unit/fakes/fake_clock.h"
#include "tests/unit/fakes/fake_pipeline.h"

namespace recurd {

// An engine on a fake pipeline, with a spare one as fallback where a profile is given for it.
class OutageTest : public ::testing::Test {
 protected:
  using Kind = RecoveryEvent::Kind;

  explicit OutageTest(std::optional<std::string> fallback_profile = std::nullopt)
      : fallback_(clock_, "spare", fallback_profile.value_or("")),
        served_(std::make_shared<ServedModel>()),
        engine_(pipeline_, metrics_, clock_, options_, fallback_profile ? &fallback_ : nullptr) {
    served_->model = FakePipeline::MakeModel();
    served_->prepared = *pipeline_.Prepare(served_->model);
    served_->metrics = metrics_.AddModel("adder", "fake", 0);
    if (fallback_profile) {
      served_->fallback = *fallback_.Prepare(served_->model);
      served_->fallback_metrics = metrics_.AddModel("adder", "spare", 0);
    }
    engine_.Watch([this](const RecoveryEvent& event) { events_.push_back(event); });
  }
  ~OutageTest() override { EXPECT_EQ(pipeline_.misuses + fallback_.misuses, 0); }

  ServedSession* Open(FakeClient& client, SessionOptions options = {}) {
    Refusal refusal;
    options.on_fallback = engine_.BeginsOnFallback(*served_, options.state, options.allow_profile_change);
    return engine_.Open(served_, options, &client, &refusal);
  }
  // A chunk of `steps` ones, whose inputs live as long as the test.
  Chunk Ones(uint64_t first_step, size_t steps) { return Of(first_step, std::vector<float>(steps, 1.0f)); }
  Chunk Of(uint64_t first_step, std::vector<float> inputs) {
    Chunk chunk;
    chunk.first_step = first_step;
    chunk.inputs = inputs_.emplace_back(std::move(inputs));
    chunk.received_ns = clock_.now_ns;
    return chunk;
  }
  void RunAll() {
    while (engine_.busy()) engine_.Advance();
  }
  // What the admin thread does.
  void Repair() { engine_.OnRepaired(pipeline_.Repair().ok()); }
  // Brings the pipeline down by a run of a session that is closed then.
  void BringDown() {
    FakeClient client;
    ServedSession* session = Open(client);
    Chunk chunk = Ones(0, 1);
    pipeline_.script = {FakePipeline::Lost()};
    engine_.Submit(session, &chunk);
    RunAll();
    engine_.End(session, EndReason::kClosed);
    ASSERT_FALSE(engine_.pipeline_up());
  }
  uint64_t Rungs(Rung rung) { return metrics_.server.recoveries[static_cast<size_t>(rung)].value(); }
  uint64_t Faults(Fault fault) { return metrics_.server.pipeline_faults[static_cast<size_t>(fault)].value(); }
  std::vector<Kind> Told() const {
    std::vector<Kind> kinds;
    for (const RecoveryEvent& event : events_) kinds.push_back(event.kind);
    return kinds;
  }

  FakeClock clock_;
  FakePipeline pipeline_{clock_}, fallback_;
  Metrics metrics_;
  EngineOptions options_{.quantum_ns = 10'000, .max_sessions = 1000, .max_chunk_steps = 10'000};
  std::shared_ptr<ServedModel> served_;
  std::vector<RecoveryEvent> events_;
  std::deque<std::vector<float>> inputs_;
  Engine engine_;
};

}  // namespace recurd
