#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "server/base/clock.h"
#include "server/engine/capacity.h"
#include "server/engine/catalog.h"
#include "server/engine/chunk.h"
#include "server/engine/metrics.h"
#include "server/engine/recovery.h"
#include "server/engine/row_memory.h"
#include "server/engine/run_queue.h"
#include "server/engine/served_session.h"
#include "server/pipeline/pipeline.h"
#include "server/session/state_image.h"
#include "server/session/tombstones.h"

namespace recurd {

struct EngineOptions {
  int64_t quantum_ns = 200'000;
  int max_sessions = 16384;
  int max_unary = 1024;  // Infer calls waiting or running
  int max_chunk_steps = 16384;
  int64_t max_message_bytes = 16 << 20;
  int max_sessions_per_identity = 0;  // 0: no limit of its own
  int64_t idle_timeout_ns = 600'000'000'000;
  int64_t linger_ns = 60'000'000'000;        // 0: a session ends when its client goes away
  double max_load = 0;                       // as Capacity has it
  int64_t reload_grace_ns = 60'000'000'000;  // for the sessions of a model that is served no longer
  int64_t max_sequence_bytes = 256 << 20;    // rows of one whole sequence, for models that have passes
  int64_t max_row_bytes = 1 << 30;           // of all that are waiting or running
};

// How a session ended, for who asks later.
struct SessionEnding {
  EndReason reason = EndReason::kUnspecified;
  uint64_t next_step = 0;
  int64_t when_ns = 0;
};

// Sessions, their waiting chunks and the pipeline that serves them, a quantum at a time. serve_step.cc has the way of
// one message in the order time runs; engine.cc what happens around it; attachment.cc who a session works for;
// outage.cc what is done when the pipeline fails; reload.cc how models come and go; whole_sequence.cc what is different
// for models that don't stream.
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

  // Serves a model from now on, in place of one with the same name and version, unless that is the same in all. New
  // sessions get it; those of the one before go on with that, until EngineOptions::reload_grace_ns is over.
  void Serve(std::shared_ptr<ServedModel> served);
  // No new sessions; the ones it has as above: their number. -1: it isn't served.
  int Unserve(const std::string& name, const std::string& version);

  // Whether a session opened now from `state` (null: the initial one) begins on the fallback: there is one and the
  // pipeline is down, or the state is of its profile, not the pipeline's, and mustn't change.
  bool BeginsOnFallback(const ServedModel& served, const StateImage* state, bool allow_profile_change) const;
  // Opens a session of `served` for `client`, which must outlive its time with it; with none it is detached at once.
  // Null with *refusal set if there are too many, its id is taken, the server is draining, the pipeline is down and
  // nothing else may serve it, or it isn't a call and the model doesn't stream.
  ServedSession* Open(std::shared_ptr<ServedModel> served, const SessionOptions& options, SessionClient* client,
                      Refusal* refusal, const NewSession& what = {});
  // Ends a session: waiting chunks are refused with kSessionOver, then OnEnded. At once, or when its run comes off the
  // pipeline.
  void End(ServedSession* session, EndReason reason, const char* detail = "");

  // A live session by SessionKey or by its number. Null: there is none.
  ServedSession* Find(absl::string_view key);
  ServedSession* Find(uint64_t serial);
  // How the last session of that key ended. Null: it isn't known.
  const SessionEnding* EndingOf(absl::string_view key) const;
  // The first session with a higher number, of those that aren't calls. Null: none.
  const ServedSession* Next(uint64_t serial) const;

  // Whether one of its runs is on the pipeline, for a quantum at most unless the pipeline fails.
  bool IsRunning(const ServedSession* session) const { return session != nullptr && session == running_; }

  // Gives a session to another client: what was queued is dropped, what of it had begun is taken back, and the client
  // it had, if any, hears OnEnded(kTakenOver). Precondition: it isn't running.
  void Attach(ServedSession* session, const SessionOptions& options, SessionClient* client);
  // The session's client goes away: what was queued is dropped as by Attach and the client hears OnEnded, at once or
  // when its run comes off the pipeline; the session lingers.
  // With kTakenOver instead: another client will attach, once the session isn't running.
  void Detach(ServedSession* session, EndReason reason = EndReason::kExpired);

  // Admits the chunk, or refuses it (also one that comes with a refusal that the caller found) with chunk.refusal and
  // expected_step set. OnChunkDone comes only for an admitted one: within this call if the engine was idle and the
  // chunk is no more than a quantum.
  bool Submit(ServedSession* session, Chunk* chunk);

  // Starts, polls or finishes work; never takes much longer than a quantum.
  void Advance();
  // Whether Advance has something to do.
  bool busy() const { return running_ != nullptr || !run_queue_.empty(); }

  // Looks at `count` sessions for those that have been idle or detached for too long, or on a model that is served no
  // longer, and ends them. False once it has come round. Call about once a second, until false.
  bool Expire(int count);
  // Call about once a second.
  void MeasureLoad();
  double capacity_used() const { return capacity_.used(); }
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
  int detached_count() const { return static_cast<int>(lingering_.size()); }

 private:
  // serve_step.cc, in the order time runs.
  Refusal Admit(ServedSession& session, Chunk& chunk);
  OutputSelection Select(const ServedSession& session, const Chunk& chunk) const;
  void Enqueue(ServedSession* session, int64_t now_ns);
  void Advance(int64_t now_ns);
  ServedSession* Schedule(int64_t now_ns);
  bool Load(ServedSession* session, int64_t now_ns);
  void StartRun(ServedSession* session, int64_t now_ns);
  int StepsGained(const Chunk& chunk) const;
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

  // whole_sequence.cc
  Refusal AdmitPasses(ServedSession& session, Chunk& chunk);
  void SliceRun(const ServedSession& session, const Chunk& chunk, int quantum_steps);

  // reload.cc
  void Retire(const std::shared_ptr<ServedModel>& served);

  // attachment.cc
  void Linger(ServedSession* session);
  bool Evict(absl::string_view identity);

  // engine.cc
  Refusal MayOpen(const ServedModel& served, const SessionOptions& options, const NewSession& what);
  void CountIn(const ServedSession& session);
  void CountOut(const ServedSession& session);
  void EndAll(EndReason reason, const char* detail, const std::function<bool(const ServedSession&)>& which = nullptr);
  void DropQueue(ServedSession* session);
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
  std::vector<std::weak_ptr<ServedModel>> retired_;  // served no longer; sessions may still have them
  RunQueue run_queue_;
  RowMemory row_memory_;                                                // outlives the sessions
  absl::btree_map<uint64_t, std::unique_ptr<ServedSession>> sessions_;  // by serial
  absl::flat_hash_map<absl::string_view, ServedSession*> by_key_;       // of those that can be attached to
  std::list<ServedSession*> lingering_;                                 // the detached ones, longest first
  absl::flat_hash_map<std::string, int> per_identity_;                  // while there is a limit
  Tombstones<uint64_t, SessionEnding> endings_;                         // by the hash of the key
  Capacity capacity_;
  uint64_t expired_up_to_ = 0;
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
  ServedSession* suspect_ = nullptr;   // its run failed and waits for the repair
  uint64_t outage_ = 0;                // counts them
  Fault outage_fault_ = Fault::kNone;  // what the last one began with
  uint64_t last_serial_ = 0;
  std::vector<std::function<void(const RecoveryEvent&)>> watchers_;
  RecoveryEvent untold_;  // faults since the last event
  int64_t quiet_until_ns_ = 0;
};

}  // namespace recurd
