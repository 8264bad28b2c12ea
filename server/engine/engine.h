#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>

#include "server/base/clock.h"
#include "server/engine/catalog.h"
#include "server/engine/chunk.h"
#include "server/engine/metrics.h"
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
};

// A session with what the engine needs to serve it. Made and destroyed by the engine.
struct ServedSession : RunQueue::Node {
  ServedSession(SessionId id, std::shared_ptr<ServedModel> served, SessionOptions options, SessionClient* client)
      : state(id, *served->model), served(std::move(served)), options(options), client(client) {}

  SessionState state;
  const std::shared_ptr<ServedModel> served;
  const SessionOptions options;
  SessionClient* const client;
  ChunkQueue queue;
  // What the next chunk must name: the state's step after all that is queued.
  uint64_t admitted_step = 0;
  bool admitted_in_sequence = true;
  uint64_t checkpoint_step = 0;  // steps since the last checkpoint
  int64_t checkpoint_ns = 0;     // when it was taken
  int64_t last_message_ns = 0;
  // Set once the session must end, while one of its runs is still on the pipeline.
  EndReason ending = EndReason::kUnspecified;
  const char* ending_detail = "";
  bool retried = false;
  std::list<std::unique_ptr<ServedSession>>::iterator self;
};

// Sessions, their waiting chunks and the pipeline that serves them, a quantum at a time. serve_step.cc has the way of
// one message in the order time runs; engine.cc what happens around it. Threads: serving thread only. Submit and
// Advance don't allocate once a session has had its first message.
class Engine {
 public:
  Engine(Pipeline& pipeline, Metrics& metrics, const Clock& clock, EngineOptions options);
  ~Engine();

  Catalog& catalog() { return catalog_; }
  const EngineOptions& options() const { return options_; }
  Pipeline& pipeline() { return pipeline_; }

  // Opens a session of `served` for `client`, which must outlive it. Null with *refusal set if there are too many, or
  // the server is draining.
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

  // engine.cc
  void Refuse(ServedSession* session, Chunk* chunk, Refusal refusal);
  void RefuseUntilBegin(ServedSession* session, Refusal first);
  void MaybeCheckpoint(ServedSession* session, Chunk& chunk, int64_t now_ns);
  void CountSwitch(const RunResult& result);
  void Finish(ServedSession* session);
  void ExpectBegin(ServedSession* session);
  uint64_t NewKey() { return ++last_key_; }

  Pipeline& pipeline_;
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
  int64_t run_start_ns_ = 0;
  uint64_t last_key_ = 0;
};

}  // namespace recurd
