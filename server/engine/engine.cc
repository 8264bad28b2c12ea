#include "server/engine/engine.h"

#include <utility>
#include <vector>

namespace recurd {

namespace {

// Waiting work gets a turn out of order once it has waited for this many quanta.
constexpr int kAgeingQuanta = 20;

}  // namespace

StateImage SealState(const ServedSession& session) {
  const ServedModel& served = *session.served;
  return StateImage::Seal(*served.model, served.On(session.by_fallback).numerics_profile(), session.state.next_step(),
                          session.state.values());
}

Engine::Engine(Pipeline& pipeline, Metrics& metrics, const Clock& clock, EngineOptions options, Pipeline* fallback)
    : pipeline_(pipeline),
      fallback_(fallback),
      metrics_(metrics),
      clock_(clock),
      options_(options),
      run_queue_(kAgeingQuanta * options.quantum_ns, options.max_sessions + options.max_unary) {
  metrics_.server.pipeline_up.Set(1);
}

Engine::~Engine() = default;

ServedSession* Engine::Open(std::shared_ptr<ServedModel> served, const SessionOptions& options, SessionClient* client,
                            Refusal* refusal) {
  *refusal = Refusal::kNone;
  if (draining_) {
    *refusal = Refusal::kDraining;
  } else if (options.unary && unary_count_ >= options_.max_unary) {
    *refusal = Refusal::kQueueFull;
  } else if (!options.unary && !options.replaces && session_count_ >= options_.max_sessions) {
    *refusal = Refusal::kTooManySessions;
  } else if (!recovery_.up() && !options.on_fallback && !MayUseFallback(*served, options)) {
    *refusal = Refusal::kPipelineDown;
  }
  if (*refusal != Refusal::kNone) {
    metrics_.server.refusals[static_cast<size_t>(*refusal)].Add();
    return nullptr;
  }
  sessions_.push_front(std::make_unique<ServedSession>(options.unary ? SessionId{} : SessionId::Random(),
                                                       std::move(served), options, client, ++last_serial_));
  ServedSession* session = sessions_.front().get();
  session->self = sessions_.begin();
  session->may_use_fallback = MayUseFallback(*session->served, options);
  session->stays_on_fallback = options.on_fallback && !session->may_use_fallback;
  MoveState(session, options.on_fallback);
  const StateImage* state = options.state;
  session->state.Restart(state ? absl::MakeConstSpan(state->values) : session->served->model->initial_state,
                         state ? state->step : 0, NewKey());
  session->admitted_step = session->state.next_step();
  session->last_message_ns = session->checkpoint_ns = clock_.NowNs();
  if (options.unary) {
    ++unary_count_;
  } else {
    metrics_.server.sessions_opened.Add();
    metrics_.server.sessions_active.Set(++session_count_);
  }
  return session;
}

void Engine::End(ServedSession* session, EndReason reason, const char* detail) {
  session->ending = reason;
  session->ending_detail = detail;
  if (session == running_) return;  // its buffers are the pipeline's until the run is off it
  if (session == suspect_) suspect_ = nullptr;
  if (session->queued()) run_queue_.Remove(session);
  RollBack(session);
  const Refusal refusal = reason == EndReason::kDrained ? Refusal::kDraining : Refusal::kSessionOver;
  while (!session->queue.empty()) Refuse(session, session->queue.Pop(), refusal);
  Finish(session);
}

// The session's last act: tells its client and frees it.
void Engine::Finish(ServedSession* session) {
  const EndReason reason = session->ending;
  std::optional<StateImage> last;
  if (reason != EndReason::kFailed && !session->options.unary && session->state.in_sequence()) {
    last = SealState(*session);
  }
  if (session->options.unary) {
    --unary_count_;
  } else {
    metrics_.server.sessions_ended[static_cast<size_t>(reason)].Add();
    metrics_.server.sessions_active.Set(--session_count_);
  }
  MoveState(session, false);
  SessionClient* client = session->client;
  const uint64_t next_step = session->state.expected_step();
  const std::unique_ptr<ServedSession> dying = std::move(*session->self);
  sessions_.erase(dying->self);
  client->OnEnded(reason, dying->ending_detail, next_step, std::move(last));
}

void Engine::Refuse(ServedSession* session, Chunk* chunk, Refusal refusal) {
  chunk->refusal = refusal;
  chunk->expected_step = session->state.expected_step();
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
  if (!by_steps && !by_time) return;
  session->checkpoint_step = 0;
  session->checkpoint_ns = now_ns;
  session->client->OnCheckpoint(chunk, SealState(*session));
}

void Engine::CountSwitch(const RunResult& result) { metrics_.server.state_switches[result.state_hit ? 1 : 0].Add(); }

void Engine::ExpireIdle() {
  const int64_t since_ns = clock_.NowNs() - options_.idle_timeout_ns;
  for (auto it = sessions_.begin(); it != sessions_.end();) {
    ServedSession* session = (it++)->get();
    if (session->queue.empty() && session->last_message_ns < since_ns) End(session, EndReason::kExpired);
  }
}

void Engine::Drain() {
  draining_ = true;
  for (auto it = sessions_.begin(); it != sessions_.end();) {
    ServedSession* session = (it++)->get();
    if (session->queue.empty()) {
      End(session, EndReason::kDrained);
    } else if (!session->queue.head()->started() && session != running_) {
      End(session, EndReason::kDrained);
    }
  }
}

void Engine::Abandon() {
  draining_ = true;
  running_ = nullptr;
  for (auto it = sessions_.begin(); it != sessions_.end();) {
    End((it++)->get(), EndReason::kDrained, "the server stops, and what had begun took too long");
  }
}

}  // namespace recurd
