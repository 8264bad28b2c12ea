// What the engine does when the pipeline fails: it acts on what Recovery says. A chunk is applied whole or not at all,
// whatever happens: what of it had been is taken back before it is refused.
#include <utility>

#include "server/engine/engine.h"

namespace recurd {

namespace {

constexpr int64_t kQuietNs = 1'000'000'000;  // between two events about faults

const char* WhyFailed(const ServedSession& session, bool on_fallback) {
  if (on_fallback) return "the fallback failed on it";
  if (session.attempt == Recovery::Try::kAfterRepair) return "the pipeline failed on it, also after a repair";
  return "the pipeline failed on its last two chunks";
}

}  // namespace

bool Engine::MayUseFallback(const ServedModel& served, const SessionOptions& options) {
  return served.fallback &&
         (options.allow_profile_change || served.fallback->numerics_profile() == served.prepared->numerics_profile());
}

bool Engine::BeginsOnFallback(const ServedModel& served, const StateImage* state, bool allow_profile_change) const {
  if (!served.fallback) return false;
  const std::string own = served.prepared->numerics_profile(), other = served.fallback->numerics_profile();
  if (state != nullptr && !allow_profile_change && own != other) return state->numerics_profile == other;
  return !recovery_.up();
}

void Engine::OnFault(ServedSession* session, const RunResult& result, int64_t now_ns) {
  Chunk& chunk = *session->queue.head();
  const Fault fault = result.fault == Fault::kNone ? Fault::kInternal : result.fault;
  metrics_.server.pipeline_faults[static_cast<size_t>(fault)].Add();
  const bool ending = session->ending != EndReason::kUnspecified || session->leaving != EndReason::kUnspecified;
  const bool poisoned = session->last_chunk_faulted || ending;
  chunk.faulted = true;
  Recovery::Next next = Recovery::Next::kFail;
  if (!run_on_fallback_) {
    next = recovery_.OnFailure({.session = session->serial,
                                .attempt = session->attempt,
                                .lost = result.outcome == RunResult::Outcome::kLost,
                                .poisoned = poisoned});
    if (draining_ && recovery_.state() == Recovery::State::kDown) recovery_.GiveUp();  // nobody would repair it in time
  }
  switch (next) {
    case Recovery::Next::kRetry:
      session->attempt = Recovery::Try::kSecond;
      metrics_.server.recoveries[static_cast<size_t>(Rung::kRetry)].Add();
      ++untold_.retries;
      StartRun(session, now_ns);
      return NoteFault(fault, now_ns);
    case Recovery::Next::kWait:
      session->attempt = Recovery::Try::kAfterRepair;
      suspect_ = session;
      break;
    case Recovery::Next::kFail:
      if (ending) {
        session->ending == EndReason::kUnspecified ? Detach(session, session->leaving)
                                                   : End(session, session->ending, session->ending_detail);
        break;
      }
      ++untold_.sessions_failed;
      End(session, EndReason::kFailed, WhyFailed(*session, run_on_fallback_));
      break;
  }
  if (recovery_.state() == Recovery::State::kDown && !run_on_fallback_) return GoDown(fault);
  if (recovery_.state() == Recovery::State::kLost && !run_on_fallback_) return GiveUp(fault);
  NoteFault(fault, now_ns);
}

// Tells of faults that the pipeline has survived, at once but not more than once a second.
void Engine::NoteFault(Fault fault, int64_t now_ns) {
  untold_.fault = fault;
  if (now_ns < quiet_until_ns_) return;
  quiet_until_ns_ = now_ns + kQuietNs;
  Tell(std::exchange(untold_, {}));
}

void Engine::GoDown(Fault fault) {
  metrics_.server.recoveries[static_cast<size_t>(Rung::kReload)].Add();
  metrics_.server.pipeline_up.Set(0);
  ++outage_;
  outage_fault_ = fault;
  if (suspect_ != nullptr && suspect_->may_use_fallback) Enqueue(std::exchange(suspect_, nullptr), clock_.NowNs());
  for (auto it = sessions_.begin(); it != sessions_.end(); ++it) {
    ServedSession* session = it->second.get();
    if (session != suspect_ && !HasPipeline(*session) && !session->queue.empty()) RefuseQueue(session);
  }
  RecoveryEvent event = std::exchange(untold_, {});
  event.kind = RecoveryEvent::Kind::kDown;
  event.fault = fault;
  event.fallback = fallback_ != nullptr;
  Tell(event);
}

void Engine::OnRepaired(bool repaired) {
  if (recovery_.state() != Recovery::State::kDown) return;
  recovery_.OnRepaired(repaired);
  if (!repaired) return GiveUp(outage_fault_);
  metrics_.server.pipeline_up.Set(1);
  if (suspect_ != nullptr) Enqueue(std::exchange(suspect_, nullptr), clock_.NowNs());
  Tell({.kind = RecoveryEvent::Kind::kUp});
}

void Engine::GiveUp(Fault fault) {
  metrics_.server.recoveries[static_cast<size_t>(Rung::kExit)].Add();
  metrics_.server.pipeline_up.Set(0);
  draining_ = true;
  EndAll(EndReason::kDrained, "the pipeline can't be repaired, the server starts anew");
  Tell({.kind = RecoveryEvent::Kind::kLost, .fault = fault});
}

// Refuses all that waits of a session; its client gets the state from before it, to go on elsewhere.
void Engine::RefuseQueue(ServedSession* session) {
  if (session->queued()) run_queue_.Remove(session);
  RollBack(session);
  while (!session->queue.empty()) {
    Chunk* chunk = session->queue.Pop();
    if (chunk->begin) session->state.EndSequence();
    GiveState(session, *chunk);
    Refuse(session, chunk, Refusal::kPipelineDown);
  }
  ExpectNext(session);
}

// Once an outage.
void Engine::GiveState(ServedSession* session, Chunk& chunk) {
  if (session->told_outage == outage_ || session->unary() || !session->state.in_sequence()) return;
  session->told_outage = outage_;
  session->client->OnCheckpoint(chunk, SealState(*session));
}

void Engine::MoveState(ServedSession* session, bool to_fallback) {
  if (std::exchange(session->by_fallback, to_fallback) == to_fallback) return;
  metrics_.server.fallback_sessions.Add(to_fallback ? 1 : -1);
}

void Engine::Tell(const RecoveryEvent& event) {
  for (const auto& watcher : watchers_) watcher(event);
}

}  // namespace recurd
