// How long a client that sends one step at a time waits behind others that pour: by the fake clock, so exactly.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <random>
#include <vector>

#include "tests/unit/engine/engine_fixture.h"

namespace recurd {
namespace {

constexpr int64_t kQuantumNs = 200'000;
constexpr int kLongSteps = 10'000;

// Sessions of a model of 20 us a step that always have two chunks of 10,000 steps waiting, beside a quick one.
class FairnessTest : public ::testing::Test {
 protected:
  struct Pourer final : SessionClient {
    float* OutputRoom(Chunk&, int count) override {
      room.resize(static_cast<size_t>(count));
      return room.data();
    }
    void OnCheckpoint(Chunk&, StateImage) override {}
    void OnChunkDone(Chunk&) override {}
    void OnEnded(EndReason, const char*, uint64_t, std::optional<StateImage>) override {}
    std::vector<float> room;
    Chunk chunks[2];
  };

  std::shared_ptr<ServedModel> Serve(const char* name, double step_ns) {
    auto served = std::make_shared<ServedModel>();
    pipeline_.step_ns = step_ns;
    served->model = FakePipeline::MakeModel(name);
    served->prepared = *pipeline_.Prepare(served->model);
    served->metrics = metrics_.AddModel(name, "fake", 0);
    return served;
  }
  Chunk Make(uint64_t first_step, const std::vector<float>& inputs) {
    Chunk chunk;
    chunk.first_step = first_step;
    chunk.inputs = inputs;
    chunk.received_ns = clock_.now_ns;
    return chunk;
  }
  void Pour(int sessions) {
    for (int i = 0; i < sessions; ++i) {
      Pourer& pourer = pourers_.emplace_back();
      Refusal refusal;
      ServedSession* session = engine_.Open(large_, {.outputs = OutputsWanted::kLastOfChunk}, &pourer, &refusal);
      for (uint64_t j : {0, 1}) {
        pourer.chunks[j] = Make(j * kLongSteps, zeros_);
        engine_.Submit(session, &pourer.chunks[j]);
      }
    }
  }
  // The longest wait of a one-step chunk that comes at the worst time, just after a run has started, `count` times.
  int64_t LongestWait(int count) {
    FakeClient client;
    Refusal refusal;
    ServedSession* session = engine_.Open(small_, {}, &client, &refusal);
    std::mt19937 random(7);
    int64_t longest = 0;
    for (int i = 0; i < count; ++i) {
      for (auto runs = random() % 50; runs > 0; --runs) engine_.Advance();
      pipeline_.hold = true;
      engine_.Advance();
      Chunk chunk = Make(static_cast<uint64_t>(i), one_);
      EXPECT_TRUE(engine_.Submit(session, &chunk));
      pipeline_.hold = false;
      while (client.done.empty()) engine_.Advance();
      client.done.clear();
      longest = std::max(longest, chunk.queue_ns);
    }
    return longest;
  }

  FakeClock clock_;
  FakePipeline pipeline_{clock_};
  Metrics metrics_;
  Engine engine_{pipeline_, metrics_, clock_, {.quantum_ns = kQuantumNs}};
  const std::shared_ptr<ServedModel> large_ = Serve("large", 20'000), small_ = Serve("small", 500);
  std::deque<Pourer> pourers_;
  const std::vector<float> zeros_ = std::vector<float>(kLongSteps), one_ = {1};
};

TEST_F(FairnessTest, OneThatPoursDelaysAOneStepClientByTwoQuantaAtMost) {
  Pour(1);
  const int64_t wait_ns = LongestWait(500);
  EXPECT_LE(wait_ns, 2 * kQuantumNs);
  EXPECT_GE(wait_ns, kQuantumNs);  // it did come at the worst time
}

TEST_F(FairnessTest, FiveHundredThatPourDelayItNoLonger) {
  Pour(500);
  const int64_t wait_ns = LongestWait(500);
  EXPECT_LE(wait_ns, 2 * kQuantumNs);
  EXPECT_GE(wait_ns, kQuantumNs);
}

// Nobody starves: 50 clients that always have one step waiting leave the one that pours its turns.
TEST_F(FairnessTest, ManyOneStepClientsDoNotStarveOneThatPours) {
  Pour(1);
  std::deque<FakeClient> clients(50);
  std::deque<Chunk> chunks;
  std::vector<ServedSession*> sessions;
  Refusal refusal;
  for (FakeClient& client : clients) sessions.push_back(engine_.Open(small_, {}, &client, &refusal));
  std::vector<uint64_t> next(clients.size(), 0);
  const int64_t end_ns = clock_.now_ns + 100'000'000;
  while (clock_.now_ns < end_ns) {
    for (size_t i = 0; i < clients.size(); ++i) {
      if (clients[i].done.size() < next[i]) continue;
      chunks.push_back(Make(next[i]++, one_));
      engine_.Submit(sessions[i], &chunks.back());
    }
    engine_.Advance();
  }
  EXPECT_GT(pourers_[0].chunks[0].done_steps, 100);
}

}  // namespace
}  // namespace recurd
