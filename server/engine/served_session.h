#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "server/engine/catalog.h"
#include "server/engine/chunk.h"
#include "server/engine/recovery.h"
#include "server/engine/row_memory.h"
#include "server/engine/run_queue.h"
#include "server/session/session_id.h"
#include "server/session/session_state.h"
#include "server/session/state_image.h"

namespace recurd {

// Which steps' outputs a session wants. The order is recurd.v1.Open.Outputs'.
enum class OutputsWanted { kEveryStep, kLastOfChunk, kLastOfSequence, kEveryKth };

// What a client wants of its session, from one attach to the next.
struct SessionOptions {
  OutputsWanted outputs = OutputsWanted::kEveryStep;
  int output_stride = 1;
  uint64_t checkpoint_steps = 0;       // 0: none by steps
  int64_t checkpoint_interval_ns = 0;  // 0: none by time
  bool allow_profile_change = false;   // may go on under another numerics profile
  const StateImage* state = nullptr;   // checked; what to go on from; looked at by Open and Attach only
  bool on_fallback = false;            // as Engine::BeginsOnFallback says; looked at by Open and Attach only
};

enum class SessionKind {
  kStream,    // the native API's: can be attached to
  kSequence,  // KServe's
  kCall,      // lives for one call, isn't counted as a session
};

// What a session is from its opening on.
struct NewSession {
  SessionKind kind = SessionKind::kStream;
  absl::string_view identity = "";  // whose it is; empty: clients don't authenticate
  absl::string_view id = "";        // kStream: as CheckSessionId allows; empty: one is made up
  bool replaces = false;            // another session, which ends soon: is never one too many
};

// A session with what the engine needs to serve it. Made and destroyed by the engine.
struct ServedSession : RunQueue::Node {
  ServedSession(std::shared_ptr<ServedModel> served, uint64_t serial, const NewSession& what, std::string key)
      : state(*served->model),
        served(std::move(served)),
        serial(serial),
        kind(what.kind),
        key(std::move(key)),
        identity(what.identity) {}

  // Names the session to people, and to nobody else.
  std::string Handle() const;
  absl::string_view id() const { return SessionIdOf(key); }
  bool unary() const { return kind == SessionKind::kCall; }
  bool attached() const { return client != nullptr; }

  SessionState state;
  RowMemory::Rows rows;  // of a model that has passes, while chunks are queued
  const std::shared_ptr<ServedModel> served;
  const uint64_t serial;  // names it within this process
  const SessionKind kind;
  const std::string key;  // SessionKey; empty: it can't be attached to
  const std::string identity;
  int64_t opened_ns = 0;

  SessionOptions options;
  SessionClient* client = nullptr;  // null: detached
  uint64_t epoch = 0;               // counts its clients
  int64_t detached_ns = 0;
  std::list<ServedSession*>::iterator lingering;  // while detached

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
  EndReason leaving = EndReason::kUnspecified;  // the same for its client only
  // While the pipeline is down it may run on the fallback; it always does, where it began there and may not change.
  bool may_use_fallback = false;
  bool stays_on_fallback = false;
  // Whose numerics profile the state has, and had before the head chunk.
  bool by_fallback = false;
  bool before_by_fallback = false;
  Recovery::Try attempt = Recovery::Try::kFirst;  // of the run at hand
  bool last_chunk_faulted = false;
  uint64_t told_outage = 0;  // the last one in which its client was given the state
};

// The session's state as it travels, under the profile of what computed it last.
StateImage SealState(const ServedSession& session);
// The same as it was behind the last chunk that was applied whole.
StateImage SealStateBetweenChunks(const ServedSession& session);

}  // namespace recurd
