// What clients of the native API may do to sessions, in any order and with any bytes in their messages: opens,
// attaches, imported states and sessions, chunks, going away, waiting, while runs fail. Every chunk must be answered
// once, and no session may ever compute from another state than its own: the model adds its inputs up, so each answer
// shows it.
//
// An input is a row of operations: a byte that says which (below), a byte that says on which of four clients, a byte n,
// and n bytes of message.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "proto/recurd/v1/recurd.pb.h"
#include "server/engine/engine.h"
#include "server/rpc/convert.h"
#include "tests/unit/fakes/fake_pipeline.h"

namespace recurd {
namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

// One stream's end of a session.
class FuzzClient final : public SessionClient {
 public:
  struct Sent : Chunk {
    v1::Chunk message;
    StateImage state;
    std::vector<float> room;
    bool answered = false;
  };

  float* OutputRoom(Chunk& chunk, int count) override {
    auto& sent = static_cast<Sent&>(chunk);
    sent.room.assign(static_cast<size_t>(count), -1);
    return sent.room.data();
  }
  void OnCheckpoint(Chunk&, StateImage image) override { Require(image.values.size() == 1); }
  void OnChunkDone(Chunk& chunk) override {
    auto& sent = static_cast<Sent&>(chunk);
    Require(session != nullptr && !sent.answered);
    sent.answered = true;
    if (sent.refusal == Refusal::kNone) CheckSums(sent);
  }
  void OnEnded(EndReason, const char*, uint64_t, std::optional<StateImage>) override {
    Require(session != nullptr);
    session = nullptr;
  }
  // All outputs were asked for.
  void CheckSums(const Sent& sent) {
    float sum = sent.begin ? (sent.begin_state != nullptr ? sent.begin_state->values[0] : 0) : h;
    Require(sent.room.size() == sent.inputs.size());
    for (size_t i = 0; i < sent.room.size(); ++i) Require(sent.room[i] == (sum += sent.inputs[i]));
    h = sum;
    (*answered_of)[session->serial] = h;
  }

  std::map<uint64_t, float>* answered_of = nullptr;
  ServedSession* session = nullptr;
  float h = 0;  // after what has been answered
  std::list<Sent> sent;
};

class World {
 public:
  World() {
    served_->model = FakePipeline::MakeModel();
    served_->prepared = *pipeline_.Prepare(served_->model);
    served_->metrics = metrics_.AddModel("adder", "fake", 0);
    engine_.catalog().Put(served_);
    for (FuzzClient& client : clients_) client.answered_of = &answered_;
  }
  ~World() {
    pipeline_.hold = false;
    if (!engine_.pipeline_up()) engine_.OnRepaired(false);
    while (engine_.busy()) engine_.Advance();
    engine_.Abandon();
    for (const FuzzClient& client : clients_) {
      Require(client.session == nullptr);
      for (const FuzzClient::Sent& sent : client.sent) Require(sent.answered);
    }
    Require(engine_.session_count() == 0 && engine_.detached_count() == 0);
  }

  void Do(uint8_t what, FuzzClient& client, const std::string& message) {
    switch (what % 9) {
      case 0:
        return Open(client, message);
      case 1:
      case 2:
        return Send(client, message);
      case 3:
        if (client.session != nullptr) engine_.Detach(client.session);
        return;
      case 4:
        if (message.size() % 4 == 3) pipeline_.hold = !pipeline_.hold;
        for (size_t i = 0; i <= message.size() && engine_.busy(); ++i) engine_.Advance();
        return;
      case 5:
        clock_.now_ns += static_cast<int64_t>(message.size()) * 1'000'000;
        engine_.Expire(2);
        engine_.MeasureLoad();
        return;
      case 6:
        pipeline_.script.push_back(message.size() % 2 == 0 ? FakePipeline::Failed(Fault::kCorrupt)
                                                           : FakePipeline::Lost());
        return;
      case 7:
        if (!engine_.pipeline_up() && !engine_.draining()) {
          (void)pipeline_.Repair();
          engine_.OnRepaired(true);
        } else if (client.session != nullptr) {
          engine_.End(client.session, EndReason::kClosed);
        }
        return;
      case 8:
        return Import(message);
    }
  }

  FuzzClient& client(uint8_t i) { return clients_[i % clients_.size()]; }

 private:
  // As OpenSession does.
  void Open(FuzzClient& client, const std::string& message) {
    v1::Open open;
    if (client.session != nullptr || !open.ParseFromString(message)) return;
    SessionOptions options;
    if (!FromProto(open, &options).ok()) return;
    options.outputs = OutputsWanted::kEveryStep;
    StateImage image = FromProto(open.state());
    image.crc32c = StateChecksum(image.format, image.step, image.values);  // else no state would ever pass
    if (open.has_state()) {
      if (!image.Check(*served_->model, "fake", open.allow_profile_change()).ok()) return;
      options.state = &image;
    }
    const std::string id = open.session_id().empty() ? "a" : open.session_id();
    if (!CheckSessionId(id).ok()) return;
    Refusal refusal;
    ServedSession* session = open.mode() == v1::Open::CREATE ? nullptr : engine_.Find(SessionKey("", id));
    if (session != nullptr && engine_.IsRunning(session)) return;
    if (session != nullptr) {
      engine_.Attach(session, options, &client);
    } else {
      session = engine_.Open(served_, options, &client, &refusal, {.id = id});
    }
    client.session = session;
    if (session == nullptr) return;
    client.h = session->state.values()[0];
    // Nothing but whole chunks that were answered may have left a trace.
    const auto known = answered_.find(session->serial);
    const bool goes_on = session->epoch > 1 && !open.has_state() && session->state.in_sequence();
    Require(!goes_on || known == answered_.end() || known->second == client.h);
    answered_[session->serial] = client.h;
  }

  // As ImportSession does: a session that nobody is attached to yet.
  void Import(const std::string& message) {
    v1::ImportSessionRequest request;
    if (!request.ParseFromString(message) || !request.has_state()) return;
    StateImage image = FromProto(request.state());
    image.crc32c = StateChecksum(image.format, image.step, image.values);
    if (!image.Check(*served_->model, "fake", request.allow_profile_change()).ok()) return;
    Refusal refusal;
    const ServedSession* session = engine_.Open(served_, {.state = &image}, nullptr, &refusal, {.id = "a"});
    if (session == nullptr) return;
    Require(!session->attached() && session->state.values()[0] == image.values[0]);
    answered_[session->serial] = image.values[0];
  }

  void Send(FuzzClient& client, const std::string& message) {
    if (client.session == nullptr) return;
    FuzzClient::Sent& sent = client.sent.emplace_back();
    if (!sent.message.ParseFromString(message)) {
      client.sent.pop_back();
      return;
    }
    FromProto(sent.message, clock_.now_ns, &sent);
    if (sent.message.has_state()) {
      sent.state = FromProto(sent.message.state());
      sent.state.crc32c = StateChecksum(sent.state.format, sent.state.step, sent.state.values);
      if (!sent.begin || !sent.state.Check(*served_->model, "fake", true).ok()) sent.refusal = Refusal::kBadState;
      sent.begin_state = &sent.state;
    }
    if (!engine_.Submit(client.session, &sent)) client.OnChunkDone(sent);
  }

  FakeClock clock_;
  FakePipeline pipeline_{clock_};
  Metrics metrics_;
  const std::shared_ptr<ServedModel> served_ = std::make_shared<ServedModel>();
  std::map<uint64_t, float> answered_;  // by session: the state behind the last chunk that was answered
  // Clients outlive the engine's sessions.
  std::deque<FuzzClient> clients_{4};
  Engine engine_{pipeline_,
                 metrics_,
                 clock_,
                 {.quantum_ns = 3000,
                  .max_sessions = 3,
                  .max_chunk_steps = 16,
                  .idle_timeout_ns = 100'000'000,
                  .linger_ns = 50'000'000}};
};

}  // namespace
}  // namespace recurd

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  recurd::World world;
  while (size >= 3) {
    const size_t length = std::min<size_t>(data[2], size - 3);
    world.Do(data[0], world.client(data[1]), std::string(reinterpret_cast<const char*>(data) + 3, length));
    data += 3 + length;
    size -= 3 + length;
  }
  return 0;
}
