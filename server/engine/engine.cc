#include "server/engine/engine.h"

#include <utility>

#include "absl/hash/hash.h"

namespace recurd {

namespace {

// Waiting work gets a turn out of order once it has waited for this many quanta.
constexpr int kAgeingQuanta = 20;

uint64_t HashOf(absl::string_view key) { return absl::Hash<absl::string_view>()(key); }

}  // namespace

StateImage SealState(const ServedSession& session) {
  const ServedModel& served = *session.served;
  return StateImage::Seal(*served.model, served.On(session.by_fallback).numerics_profile(), session.state.next_step(),
                          session.state.values());
}

StateImage SealStateBetweenChunks(const ServedSession& session) {
  if (session.queue.empty() || session.queue.head()->done_steps == 0) return SealState(session);
  const ServedModel& served = *session.served;
  return StateImage::Seal(*served.model, served.On(session.before_by_fallback).numerics_profile(),
                          session.state.before_step(), session.state.before());
}

Engine::Engine(Pipeline& pipeline, Metrics& metrics, const Clock& clock, EngineOptions options, Pipeline* fallback)
    : pipeline_(pipeline),
      fallback_(fallback),
      metrics_(metrics),
      clock_(clock),
      options_(options),
      run_queue_(kAgeingQuanta * options.quantum_ns, options.max_sessions + options.max_unary),
      row_memory_(options.max_row_bytes),
      capacity_(options.max_load) {
  metrics_.server.pipeline_up.Set(1);
}

Engine::~Engine() = default;

ServedSession* Engine::Open(std::shared_ptr<ServedModel> served, const SessionOptions& options, SessionClient* client,
                            Refusal* refusal, const NewSession& what) {
  *refusal = MayOpen(*served, options, what);
  if (*refusal != Refusal::kNone) {
    metrics_.server.refusals[static_cast<size_t>(*refusal)].Add();
    return nullptr;
  }
  std::string key;
  if (what.kind == SessionKind::kStream) {
    key = what.id.empty() ? RandomSessionId() : SessionKey(what.identity, what.id);
  }
  auto made = std::make_unique<ServedSession>(std::move(served), ++last_serial_, what, std::move(key));
  ServedSession* session = made.get();
  sessions_.emplace_hint(sessions_.end(), session->serial, std::move(made));
  if (!session->key.empty()) by_key_[session->key] = session;
  session->opened_ns = session->last_message_ns = session->checkpoint_ns = clock_.NowNs();
  session->options = options;
  session->client = client;
  session->epoch = 1;
  session->may_use_fallback = MayUseFallback(*session->served, options);
  session->stays_on_fallback = options.on_fallback && !session->may_use_fallback;
  MoveState(session, options.on_fallback);
  const StateImage* state = options.state;
  session->state.Restart(state ? absl::MakeConstSpan(state->values) : session->served->model->initial_state,
                         state ? state->step : 0, NewKey());
  session->admitted_step = session->state.next_step();
  CountIn(*session);
  if (client == nullptr) Linger(session);
  return session;
}

Refusal Engine::MayOpen(const ServedModel& served, const SessionOptions& options, const NewSession& what) {
  if (draining_) return Refusal::kDraining;
  if (!served.model->streams() && what.kind != SessionKind::kCall) return Refusal::kWholeSequence;
  if (!recovery_.up() && !options.on_fallback && !MayUseFallback(served, options)) return Refusal::kPipelineDown;
  if (what.kind == SessionKind::kCall) return unary_count_ < options_.max_unary ? Refusal::kNone : Refusal::kQueueFull;
  if (!what.id.empty() && by_key_.contains(SessionKey(what.identity, what.id))) return Refusal::kIdTaken;
  if (what.replaces) return Refusal::kNone;
  if (!capacity_.HasRoom(served)) return Refusal::kOverload;
  const auto own = per_identity_.find(what.identity);
  if (own != per_identity_.end() && own->second >= options_.max_sessions_per_identity && !Evict(what.identity)) {
    return Refusal::kQuota;
  }
  return session_count_ < options_.max_sessions || Evict("") ? Refusal::kNone : Refusal::kTooManySessions;
}

void Engine::CountIn(const ServedSession& session) {
  if (session.unary()) {
    ++unary_count_;
    return;
  }
  metrics_.server.sessions_opened.Add();
  metrics_.server.sessions_active.Set(++session_count_);
  capacity_.Opened(*session.served);
  if (options_.max_sessions_per_identity > 0 && !session.identity.empty()) ++per_identity_[session.identity];
}

void Engine::CountOut(const ServedSession& session) {
  if (session.unary()) {
    --unary_count_;
    return;
  }
  metrics_.server.sessions_ended[static_cast<size_t>(session.ending)].Add();
  metrics_.server.sessions_active.Set(--session_count_);
  capacity_.Ended(*session.served);
  const auto own = per_identity_.find(session.identity);
  if (own != per_identity_.end() && --own->second == 0) per_identity_.erase(own);
}

void Engine::End(ServedSession* session, EndReason reason, const char* detail) {
  session->ending = reason;
  session->ending_detail = detail;
  if (session == running_) return;  // its buffers are the pipeline's until the run is off it
  DropQueue(session);
  Finish(session);
}

// Refuses what waits of a session that is to end, or to change its client.
void Engine::DropQueue(ServedSession* session) {
  if (session == suspect_) suspect_ = nullptr;
  if (session->queued()) run_queue_.Remove(session);
  if (!session->queue.empty() && session->queue.head()->faulted) session->last_chunk_faulted = true;
  RollBack(session);
  session->attempt = Recovery::Try::kFirst;
  const Refusal refusal = session->ending == EndReason::kDrained ? Refusal::kDraining : Refusal::kSessionOver;
  while (!session->queue.empty()) {
    Chunk* chunk = session->queue.Pop();
    if (chunk->begin) session->must_begin = true;
    Refuse(session, chunk, refusal);
  }
}

// The session's last act: tells its client and frees it.
void Engine::Finish(ServedSession* session) {
  const EndReason reason = session->ending;
  const uint64_t next_step = session->state.expected_step();
  std::optional<StateImage> last;
  if (reason != EndReason::kFailed && !session->unary() && session->attached() && session->state.in_sequence()) {
    last = SealState(*session);
  }
  CountOut(*session);
  MoveState(session, false);
  if (!session->key.empty()) {
    endings_.Add(HashOf(session->key), {reason, next_step, clock_.NowNs()});
    by_key_.erase(session->key);
  }
  if (!session->attached()) {
    lingering_.erase(session->lingering);
    metrics_.server.sessions_detached.Set(static_cast<int64_t>(lingering_.size()));
  }
  const auto found = sessions_.find(session->serial);
  const std::unique_ptr<ServedSession> dying = std::move(found->second);
  sessions_.erase(found);
  if (dying->client != nullptr) dying->client->OnEnded(reason, dying->ending_detail, next_step, std::move(last));
}

const SessionEnding* Engine::EndingOf(absl::string_view key) const { return endings_.Find(HashOf(key)); }

void Engine::Refuse(ServedSession* session, Chunk* chunk, Refusal refusal) {
  chunk->refusal = refusal;
  chunk->expected_step = session->state.expected_step();
  if (session->queue.empty()) session->rows.reset();
  metrics_.server.refusals[static_cast<size_t>(refusal)].Add();
  session->client->OnChunkDone(*chunk);
}

// Refuses the head chunk with `first` and what was built on it, up to the next one that begins a sequence of its own.
void Engine::RefuseUntilBegin(ServedSession* session, Refusal first) {
  if (session->queue.head()->begin) session->state.EndSequence();
  Refuse(session, session->queue.Pop(), first);
  while (!session->queue.empty() && !session->queue.head()->begin) {
    Refuse(session, session->queue.Pop(), Refusal::kOutOfOrder);
  }
  if (!session->queue.empty()) return Enqueue(session, clock_.NowNs());
  ExpectNext(session);
}

// What the client may send after all that was queued has been refused.
void Engine::ExpectNext(ServedSession* session) {
  if (session->must_begin) session->state.EndSequence();
  session->admitted_step = session->state.expected_step();
  session->admitted_in_sequence = session->state.in_sequence();
}

// A chunk is applied whole or not at all: takes back what of the head chunk has been. A beginning has left no old
// sequence to go back to.
void Engine::RollBack(ServedSession* session) {
  if (session->queue.empty() || !session->queue.head()->started()) return;
  Chunk& chunk = *session->queue.head();
  if (chunk.begin) return session->state.EndSequence();
  if (chunk.done_steps == 0) return;
  chunk.done_steps = 0;
  session->state.Rollback(NewKey());
  MoveState(session, session->before_by_fallback);
}

// The client has given up its old sequence and the new one was refused: what it sent for the new one must not be taken
// for steps of the old one, however their numbers fall.
void Engine::ExpectBegin(ServedSession* session) {
  session->must_begin = true;
  session->admitted_step = 0;
  session->admitted_in_sequence = false;
}

void Engine::MaybeCheckpoint(ServedSession* session, Chunk& chunk, int64_t now_ns) {
  const SessionOptions& options = session->options;
  session->checkpoint_step += static_cast<uint64_t>(chunk.steps);
  if (!session->state.in_sequence()) return;  // nothing to go on from
  const bool by_steps = options.checkpoint_steps > 0 && session->checkpoint_step >= options.checkpoint_steps;
  const bool by_time =
      options.checkpoint_interval_ns > 0 && now_ns - session->checkpoint_ns >= options.checkpoint_interval_ns;
  if (!by_steps && !by_time && !chunk.wants_checkpoint) return;
  session->checkpoint_step = 0;
  session->checkpoint_ns = now_ns;
  session->client->OnCheckpoint(chunk, SealState(*session));
}

void Engine::CountSwitch(const RunResult& result) { metrics_.server.state_switches[result.state_hit ? 1 : 0].Add(); }

void Engine::Drain() {
  draining_ = true;
  if (recovery_.state() == Recovery::State::kDown) return OnRepaired(false);  // nobody would repair it in time
  EndAll(EndReason::kDrained, "", [this](const ServedSession& session) {
    return session.queue.empty() || (!session.queue.head()->started() && &session != running_);
  });
}

void Engine::Abandon() {
  draining_ = true;
  running_ = nullptr;
  EndAll(EndReason::kDrained, "the server stops, and what had begun took too long");
}

// Each End takes its session, and maybe others, out of the map.
void Engine::EndAll(EndReason reason, const char* detail, const std::function<bool(const ServedSession&)>& which) {
  for (auto it = sessions_.begin(); it != sessions_.end();) {
    const uint64_t serial = it->first;
    if (which == nullptr || which(*it->second)) End(it->second.get(), reason, detail);
    it = sessions_.upper_bound(serial);
  }
}

}  // namespace recurd
