// Who a session works for, and how long it waits for somebody: attach, take-over, detach, and the clocks, idle (a
// client that sends nothing), linger (no client) and grace (a model that is served no longer).
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/engine/engine.h"

namespace recurd {
namespace {

constexpr char kGoneText[] = "its client went away";
constexpr char kTakenOverText[] = "another stream attached to the session";
constexpr char kUnloadedText[] = "its model was unloaded or replaced, and --reload_grace is over";

}  // namespace

std::string ServedSession::Handle() const { return absl::StrCat("@", serial); }

ServedSession* Engine::Find(absl::string_view key) {
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? nullptr : found->second;
}

ServedSession* Engine::Find(uint64_t serial) {
  const auto found = sessions_.find(serial);
  return found == sessions_.end() ? nullptr : found->second.get();
}

const ServedSession* Engine::Next(uint64_t serial) const {
  auto next = sessions_.upper_bound(serial);
  while (next != sessions_.end() && next->second->unary()) ++next;
  return next == sessions_.end() ? nullptr : next->second.get();
}

void Engine::Attach(ServedSession* session, const SessionOptions& options, SessionClient* client) {
  DropQueue(session);
  SessionClient* before = std::exchange(session->client, client);
  if (before == nullptr) {
    lingering_.erase(session->lingering);
    metrics_.server.sessions_detached.Set(static_cast<int64_t>(lingering_.size()));
    session->state.TakeRoom();
  }
  const bool by_fallback = options.state == nullptr ? session->by_fallback : options.on_fallback;
  session->options = options;
  session->may_use_fallback = MayUseFallback(*session->served, options);
  session->stays_on_fallback = by_fallback && !session->may_use_fallback;
  MoveState(session, by_fallback);
  if (options.state != nullptr) {
    session->state.Restart(options.state->values, options.state->step, NewKey());
    session->must_begin = false;
  }
  ExpectNext(session);
  ++session->epoch;
  session->checkpoint_step = 0;
  session->told_outage = 0;
  session->last_message_ns = session->checkpoint_ns = clock_.NowNs();
  if (before == nullptr) return;
  metrics_.server.sessions_ended[static_cast<size_t>(EndReason::kTakenOver)].Add();
  before->OnEnded(EndReason::kTakenOver, kTakenOverText, session->state.expected_step(), std::nullopt);
}

void Engine::Detach(ServedSession* session, EndReason reason) {
  session->leaving = reason;
  if (session == running_) return;  // its buffers are the pipeline's until the run is off it
  const bool taken_over = reason == EndReason::kTakenOver;
  if ((options_.linger_ns == 0 && !taken_over) || draining_) return End(session, EndReason::kExpired, kGoneText);
  session->leaving = EndReason::kUnspecified;
  DropQueue(session);
  ExpectNext(session);
  SessionClient* client = std::exchange(session->client, nullptr);
  Linger(session);
  if (taken_over) metrics_.server.sessions_ended[static_cast<size_t>(reason)].Add();
  client->OnEnded(reason, taken_over ? kTakenOverText : kGoneText, session->state.expected_step(), std::nullopt);
}

// From here on nobody is attached.
void Engine::Linger(ServedSession* session) {
  session->detached_ns = clock_.NowNs();
  session->lingering = lingering_.insert(lingering_.end(), session);
  session->state.GiveRoom();
  metrics_.server.sessions_detached.Set(static_cast<int64_t>(lingering_.size()));
}

// Makes room by ending the session that has been detached the longest, of all or of one identity.
bool Engine::Evict(absl::string_view identity) {
  for (ServedSession* session : lingering_) {
    if (!identity.empty() && absl::string_view(session->identity) != identity) continue;
    End(session, EndReason::kEvicted, "its place was needed while nobody was attached");
    return true;
  }
  return false;
}

bool Engine::Expire(int count) {
  const int64_t now_ns = clock_.NowNs();
  while (!lingering_.empty() && now_ns - lingering_.front()->detached_ns > options_.linger_ns) {
    if (--count < 0) return true;
    End(lingering_.front(), EndReason::kExpired, "nobody attached to it for --session_linger");
  }
  for (;;) {
    const auto next = sessions_.upper_bound(expired_up_to_);
    if (next == sessions_.end()) break;
    if (--count < 0) return true;
    ServedSession* session = next->second.get();
    expired_up_to_ = session->serial;
    if (now_ns >= session->served->over_ns && !session->unary()) {
      End(session, EndReason::kModelUnloaded, kUnloadedText);
      continue;
    }
    if (!session->attached() || !session->queue.empty()) continue;
    if (now_ns - session->last_message_ns > options_.idle_timeout_ns) End(session, EndReason::kExpired);
  }
  expired_up_to_ = 0;
  return false;
}

}  // namespace recurd
