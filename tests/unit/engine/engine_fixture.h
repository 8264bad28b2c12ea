#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <vector>

#include "server/engine/engine.h"
#include "tests/unit/fakes/fake_client.h"
#include "tests/unit/fakes/fake_clock.h"
#include "tests/unit/fakes/fake_pipeline.h"

namespace recurd {

// An engine with the fake pipeline's adder: 1 us a step, 10 steps a quantum, 3 sessions.
class EngineFixture : public ::testing::Test {
 protected:
  EngineFixture() : served_(std::make_shared<ServedModel>()) {
    served_->model = FakePipeline::MakeModel();
    served_->prepared = *pipeline_.Prepare(served_->model);
    served_->metrics = metrics_.AddModel("adder", "fake", 0);
    engine_.catalog().Put(served_);
  }
  ServedSession* Open(FakeClient& client, SessionOptions options = {}) {
    Refusal refusal;
    return engine_.Open(served_, options, &client, &refusal);
  }
  Chunk Make(uint64_t first_step, const std::vector<float>& inputs) {
    Chunk chunk;
    chunk.first_step = first_step;
    chunk.inputs = inputs;
    chunk.received_ns = clock_.now_ns;
    return chunk;
  }
  void RunAll() {
    while (engine_.busy()) engine_.Advance();
  }

  FakeClock clock_;
  FakePipeline pipeline_{clock_};
  Metrics metrics_;
  EngineOptions options_{.quantum_ns = 10'000, .max_sessions = 3, .max_chunk_steps = 10'000};
  std::shared_ptr<ServedModel> served_;
  Engine engine_{pipeline_, metrics_, clock_, options_};
  const std::vector<float> ones_ = std::vector<float>(10'000, 1.0f);
};

}  // namespace recurd
