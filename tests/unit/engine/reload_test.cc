#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/unit/engine/engine_fixture.h"

namespace recurd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Models that are replaced and taken away under their sessions; the grace is the default minute.
class ReloadTest : public EngineFixture {
 protected:
  std::shared_ptr<ServedModel> Make(const std::string& version, const std::string& fingerprint) {
    auto model = std::make_shared<Model>(*FakePipeline::MakeModel());
    model->version = version;
    model->fingerprint = fingerprint;
    auto served = std::make_shared<ServedModel>();
    served->model = model;
    served->prepared = *pipeline_.Prepare(served->model);
    served->metrics = metrics_.AddModel("adder", "fake", 0);
    return served;
  }
  std::shared_ptr<ServedModel> Served(const std::string& version = "") const {
    return const_cast<Engine&>(engine_).catalog().Find("adder", version);
  }
  ServedSession* OpenNewest(FakeClient* client, SessionKind kind = SessionKind::kStream) {
    Refusal refusal;
    return engine_.Open(Served(), {}, client, &refusal, {.kind = kind});
  }
  void Apply(ServedSession* session, uint64_t first_step, const std::vector<float>& inputs) {
    chunks_.push_back(EngineFixture::Make(first_step, inputs));
    engine_.Submit(session, &chunks_.back());
    RunAll();
  }
  void Sweep() {
    while (engine_.Expire(256)) {
    }
  }
  void Pass(int64_t ns) {
    clock_.now_ns += ns;
    Sweep();
  }

  static constexpr int64_t kGraceNs = 60'000'000'000;
  const std::vector<float> one_ = {1};
  std::deque<Chunk> chunks_;
};

TEST_F(ReloadTest, NewSessionsGetTheNewModelAndOldOnesKeepTheirs) {
  FakeClient old_client, new_client;
  ServedSession* old_session = OpenNewest(&old_client);
  engine_.Serve(Make("1", "bb"));
  ServedSession* new_session = OpenNewest(&new_client);
  EXPECT_EQ(old_session->served->model->fingerprint, "00000000000000aa");
  EXPECT_EQ(new_session->served->model->fingerprint, "bb");
  Apply(old_session, 0, one_);
  EXPECT_THAT(old_client.rooms.back(), ElementsAre(1));
  EXPECT_EQ(engine_.catalog().models().size(), 1u);
}

TEST_F(ReloadTest, WhoHasTheReplacedModelEndsAfterTheGraceAndNobodyElse) {
  FakeClient old_client, new_client;
  OpenNewest(&old_client);
  engine_.Serve(Make("1", "bb"));
  OpenNewest(&new_client);
  Pass(kGraceNs);
  EXPECT_THAT(old_client.heard, ElementsAre("model_unloaded"));
  EXPECT_THAT(new_client.heard, IsEmpty());
}

TEST_F(ReloadTest, TheSameModelOnceMoreChangesNothing) {
  FakeClient client;
  OpenNewest(&client);
  const auto before = Served();
  engine_.Serve(Make("1", before->model->fingerprint));
  EXPECT_EQ(Served(), before);
  Pass(2 * kGraceNs);
  EXPECT_THAT(client.heard, IsEmpty());
}

TEST_F(ReloadTest, AnotherConfigurationOfTheSameFileIsAnotherModel) {
  const std::function<void(Model&)> changes[] = {[](Model& model) { model.serving.quantum_ns = 5000; },
                                                 [](Model& model) { model.weights = WeightStorage::kInt8; }};
  for (const auto& change : changes) {
    auto changed = Make("1", Served()->model->fingerprint);
    auto model = std::make_shared<Model>(*Served()->model);
    change(*model);
    changed->model = model;
    engine_.Serve(changed);
    EXPECT_EQ(Served(), changed);
  }
}

TEST_F(ReloadTest, AfterTheGraceASessionEndsWithItsLastState) {
  FakeClient client;
  ServedSession* session = OpenNewest(&client);
  Apply(session, 0, {1, 2});
  EXPECT_EQ(engine_.Unserve("adder", "1"), 1);
  Pass(kGraceNs - 1);
  EXPECT_THAT(client.heard, ElementsAre("none"));
  Pass(1);
  EXPECT_THAT(client.heard, ElementsAre("none", "model_unloaded"));
  ASSERT_TRUE(client.last.has_value());
  EXPECT_EQ(client.last->step, 2u);
  EXPECT_THAT(client.last->values, ElementsAre(3));
  EXPECT_EQ(metrics_.server.sessions_ended[static_cast<size_t>(EndReason::kModelUnloaded)].value(), 1u);
}

TEST_F(ReloadTest, AChunkUnderWayThenIsTakenBackWhole) {
  FakeClient client;
  ServedSession* session = OpenNewest(&client);
  Apply(session, 0, one_);
  engine_.Unserve("adder", "1");
  clock_.now_ns += kGraceNs;
  Chunk long_one = EngineFixture::Make(1, ones_);
  engine_.Submit(session, &long_one);  // its first quantum runs at once
  Sweep();
  EXPECT_THAT(client.heard, ElementsAre("none", "session_over", "model_unloaded"));
  EXPECT_EQ(client.last->step, 1u);
}

TEST_F(ReloadTest, DetachedSessionsAndSequencesEndTooButCallsFinish) {
  FakeClient detached, sequence, call;
  engine_.Detach(OpenNewest(&detached));
  OpenNewest(&sequence, SessionKind::kSequence);
  OpenNewest(&call, SessionKind::kCall);
  EXPECT_EQ(engine_.Unserve("adder", "1"), 2);
  clock_.now_ns += kGraceNs;
  Sweep();
  EXPECT_EQ(engine_.session_count(), 0);
  EXPECT_THAT(sequence.heard, ElementsAre("model_unloaded"));
  EXPECT_THAT(call.heard, IsEmpty());
}

TEST_F(ReloadTest, WhatIsServedNoLongerIsFreedWithItsLastSession) {
  FakeClient one, two;
  engine_.Serve(Make("2", "bb"));
  const std::weak_ptr<ServedModel> model = Served("2");
  ServedSession* first = OpenNewest(&one);
  ServedSession* second = OpenNewest(&two);
  engine_.Unserve("adder", "2");
  engine_.MeasureLoad();
  engine_.End(first, EndReason::kClosed);
  EXPECT_FALSE(model.expired());
  engine_.End(second, EndReason::kClosed);
  EXPECT_TRUE(model.expired());
  engine_.MeasureLoad();
}

TEST_F(ReloadTest, OnlyThatVersionGoes) {
  FakeClient one, two;
  OpenNewest(&one);
  engine_.Serve(Make("2", "bb"));
  OpenNewest(&two);
  EXPECT_EQ(engine_.Unserve("adder", "3"), -1);
  EXPECT_EQ(engine_.Unserve("adder", "2"), 1);
  EXPECT_EQ(Served()->model->version, "1");
  Pass(kGraceNs);
  EXPECT_THAT(one.heard, IsEmpty());
  EXPECT_THAT(two.heard, ElementsAre("model_unloaded"));
}

TEST_F(ReloadTest, SessionsOfWhatIsServedNoLongerStillCountAsLoad) {
  FakeClient client;
  clock_.now_ns = 1;
  engine_.MeasureLoad();
  ServedSession* session = OpenNewest(&client);
  engine_.Unserve("adder", "1");
  Apply(session, 0, ones_);
  engine_.MeasureLoad();
  EXPECT_GT(engine_.capacity_used(), 0);
}

TEST_F(ReloadTest, AModelMayHaveAQuantumOfItsOwn) {
  auto model = std::make_shared<Model>(*FakePipeline::MakeModel());
  model->version = "2";
  model->serving.quantum_ns = 2000;  // of 1000 ns steps
  auto served = Make("2", "bb");
  served->model = model;
  engine_.Serve(served);
  FakeClient client;
  ServedSession* session = OpenNewest(&client);
  Apply(session, 0, std::vector<float>(10, 1.0f));
  EXPECT_EQ(pipeline_.runs, 5);
}

}  // namespace
}  // namespace recurd
