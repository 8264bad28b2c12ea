#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/engine/catalog.h"
#include "server/engine/chunk.h"
#include "server/engine/metrics.h"
#include "server/engine/recovery.h"
#include "server/engine/run_queue.h"
#include "server/pipeline/pipeline.h"
#include "server/session/session_state.h"
#include "server/session/state_image.h"

namespace recurd {

struct EngineOptions {
  int64_t quantum_ns = 200'000;
  int max_sessions = 16384;
  int max_unary = 1024;  // Infer calls waiting or running
  int max_chunk_steps = 16384;
  int64_t max_message_bytes = 16 << 20;
  int64_t idle_timeout_ns = 600'000'000'000;
};

// Which steps' outputs a session wants. The order is recurd.v1.Open.Outputs'.
enum class OutputsWanted { kEveryStep, kLastOfChunk, kLastOfSequence, kEveryKth };

struct SessionOptions {
  OutputsWanted outputs = OutputsWanted::kEveryStep;
  int output_stride = 1;
  uint64_t checkpoint_steps = 0;       // 0: none by steps
  int64_t checkpoint_interval_ns = 0;  // 0: none by time
  const StateImage* state = nullptr;   // checked; what to start from instead of the initial state
  bool unary = false;                  // lives for one call, isn't counted as a session
  bool allow_profile_change = false;   // may go on under another numerics profile
  bool on_fallback = false;            // as Engine::BeginsOnFallback says
  bool replaces = false;               // another session, which ends soon: is never one too many
};

// A session with what the engine needs to serve it. Made and destroyed by the engine.
struct ServedSession : RunQueue::Node {
  ServedSession(SessionId id, std::shared_ptr<ServedModel> served, SessionOptions options, SessionClient* client,
                uint64_t serial)
      : state(id, *served->model), served(std::move(served)), options(options), client(client), serial(serial) {}

  SessionState state;
  const std::shared_ptr<ServedModel> served;
  const SessionOptions options;
  SessionClient* const client;
  const uint64_t serial;  // names it within this process
  ChunkQueue queue;
  // What the next chunk must name: the state's step after all that is queued.
  uint64_t admitted_step = 0;
  bool admitted_in_sequence = true;
  bool must_begin = false;       // a beginning was refused: nothing of the old sequence may follow
  uint64_t checkpoint_step = 0;  // steps since the last checkpoint
  int64_t checkpoint_ns = 0;     // when it was taken
  int64_t last_message_ns = 0;
  // Set once the session must end, while one of its runs is still on the pipeline.
  EndReason ending = EndReason::kUnspecified;
  const char* ending_detail = "";
  // While the pipeline is down it may run on the fallback; it always does, where it began there and may not change.
  bool may_use_fallback = false;
  bool stays_on_fallback = false;
  // Whose numerics profile the state has, and had before the head chunk.
  bool by_fallback = false;
  bool before_by_fallback = false;
  Recovery::Try attempt = Recovery::Try::kFirst;  // of the run at hand
  bool last_chunk_faulted = false;
  uint64_t told_outage = 0;  // the last one in which its client was given the state
  std::list<std::unique_ptr<ServedSession>>::iterator self;
};

// The session's state as it travels, under the profile of what computed it last.
StateImage SealState(const ServedSession& session);

// Sessions, their waiting chunks and the pipeline that serves them, a quantum at a time. serve_step.cc has the way of
// one message in the order time runs; engine.cc what happens around it; outage.cc what is done when the pipeline fails.
// Threads: serving thread only. Submit and Advance don't allocate once a session has had its first message.
class Engine {
 public:
  // fallback: serves while `pipeline` is down; every model of the catalog must be prepared for it too. Null: none.
  Engine(Pipeline& pipeline, Metrics& metrics, const Clock& clock, EngineOptions options, Pipeline* fallback = nullptr);
  ~Engine();

  Catalog& catalog() { return catalog_; }
  const EngineOptions& options() const { return options_; }
  Pipeline& pipeline() { return pipeline_; }
  // Null where there is none.
  const Pipeline* fallback() const { return fallback_; }

  // Whether a session opened now from `state` (null: the initial one) begins on the fallback: there is one and the
  // pipeline is down, or the state is of its profile, not the pipeline's, and mustn't change.
  bool BeginsOnFallback(const ServedModel& served, const StateImage* state, bool allow_profile_change) const;
  // Opens a session of `served` for `client`, which must outlive it. Null with *refusal set if there are too many, the
  // server is draining, or the pipeline is down and nothing else may serve it.
  ServedSession* Open(std::shared_ptr<ServedModel> served, const SessionOptions& options, SessionClient* client,
                      Refusal* refusal);
  // Ends a session: waiting chunks are refused with kSessionOver, then OnEnded. At once, or when its run comes off the
  // pipeline.
  void End(ServedSession* session, EndReason reason, const char* detail = "");

  // Admits the chunk, or refuses it (also one that comes with a refusal that the caller found) with chunk.refusal and
  // expected_step set. OnChunkDone comes only for an admitted one: within this call if the engine was idle and the
  // chunk is no more than a quantum.
  bool Submit(ServedSession* session, Chunk* chunk);

  // Starts, polls or finishes work; never takes much longer than a quantum.
  void Advance();
  // Whether Advance has something to do.
  bool busy() const { return running_ != nullptr || !run_queue_.empty(); }

  // Ends sessions that have been idle for too long. Call about once a second.
  void ExpireIdle();
  // No new sessions; chunks that have started are finished, the rest is refused; then every session ends with kDrained.
  void Drain();
  bool draining() const { return draining_; }
  // Ends at once what Drain has left. A run that is still on the pipeline is never polled, and no other started.
  void Abandon();

  // Has `watcher` told of each recovery event from now on, on the serving thread. It must not call the engine.
  void Watch(std::function<void(const RecoveryEvent&)> watcher) { watchers_.push_back(std::move(watcher)); }
  // The end of the repair that a kDown event has asked for.
  void OnRepaired(bool repaired);
  // False while the pipeline is being repaired, or is lost.
  bool pipeline_up() const { return recovery_.up(); }

  int session_count() const { return session_count_; }

 private:
  // serve_step.cc, in the order time runs.
  Refusal Admit(const ServedSession& session, Chunk& chunk) const;
  OutputSelection Select(const ServedSession& session, const Chunk& chunk) const;
  void Enqueue(ServedSession* session, int64_t now_ns);
  void Advance(int64_t now_ns);
  ServedSession* Schedule(int64_t now_ns);
  bool Load(ServedSession* session, int64_t now_ns);
  void StartRun(ServedSession* session, int64_t now_ns);
  void FinishRun(const RunResult& result);
  void Reply(ServedSession* session, int64_t now_ns);

  // outage.cc
  static bool MayUseFallback(const ServedModel& served, const SessionOptions& options);
  bool UsesFallback(const ServedSession& session) const {
    return session.stays_on_fallback || (!recovery_.up() && session.may_use_fallback);
  }
  bool HasPipeline(const ServedSession& session) const { return recovery_.up() || UsesFallback(session); }
  void OnFault(ServedSession* session, const RunResult& result, int64_t now_ns);
  void NoteFault(Fault fault, int64_t now_ns);
  void GoDown(Fault fault);
  void GiveUp(Fault fault);
  void RefuseQueue(ServedSession* session);
  void GiveState(ServedSession* session, Chunk& chunk);
  void MoveState(ServedSession* session, bool to_fallback);
  void Tell(const RecoveryEvent& event);

  // engine.cc
  void RollBack(ServedSession* session);
  void ExpectNext(ServedSession* session);
  void Refuse(ServedSession* session, Chunk* chunk, Refusal refusal);
  void RefuseUntilBegin(ServedSession* session, Refusal first);
  void MaybeCheckpoint(ServedSession* session, Chunk& chunk, int64_t now_ns);
  void CountSwitch(const RunResult& result);
  void Finish(ServedSession* session);
  void ExpectBegin(ServedSession* session);
  uint64_t NewKey() { return ++last_key_; }

  Pipeline& pipeline_;
  Pipeline* const fallback_;
  Metrics& metrics_;
  const Clock& clock_;
  const EngineOptions options_;
  Catalog catalog_;
  RunQueue run_queue_;
  std::list<std::unique_ptr<ServedSession>> sessions_;
  int session_count_ = 0;
  int unary_count_ = 0;
  bool draining_ = false;

  // The run on the pipeline.
  ServedSession* running_ = nullptr;
  Run run_;
  bool run_on_fallback_ = false;
  int64_t run_start_ns_ = 0;
  uint64_t last_key_ = 0;

  Recovery recovery_;
  ServedSession* suspect_ = nullptr;  // its run failed and waits for the repair
  uint64_t outage_ = 0;               // counts them
  uint64_t last_serial_ = 0;
  std::vector<std::function<void(const RecoveryEvent&)>> watchers_;
  RecoveryEvent untold_;  // faults since the last event
  int64_t quiet_until_ns_ = 0;
};

}  // namespace recurd
