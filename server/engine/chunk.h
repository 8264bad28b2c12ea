#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "server/engine/metrics.h"
#include "server/pipeline/pipeline.h"
#include "server/session/state_image.h"

namespace recurd {

inline constexpr int64_t kNoDeadline = INT64_MAX;

// T consecutive steps of one session on their way through the engine. The caller fills in the request, owns the chunk
// and keeps it and its inputs alive from Submit until OnChunkDone.
struct Chunk {
  // The request.
  uint64_t first_step = 0;
  absl::Span<const float> inputs;  // T x input_size
  bool begin = false, end = false;
  const StateImage* begin_state = nullptr;  // checked; with begin: start from it instead of the initial state
  bool wants_checkpoint = false;
  bool more = false;  // another chunk follows at once: nothing is started before the last of them is there
  int64_t received_ns = 0;
  int64_t deadline_ns = kNoDeadline;  // the first run must start before

  // Set by the engine.
  int steps = 0;
  OutputSelection selection;
  float* outputs = nullptr;  // room that the client gave
  int work_steps = 0;        // what is to be run: the steps, of each pass where the model has some
  int done_steps = 0;        // of those
  int64_t admitted_ns = 0, finished_ns = 0;
  int64_t queue_ns = 0, pipeline_ns = 0;  // measured
  double modelled_ns = 0;
  bool faulted = false;      // a run of it failed
  bool on_fallback = false;  // a run of it was the fallback's
  Refusal refusal = Refusal::kNone;
  uint64_t expected_step = 0;  // with a refusal
  Chunk* next = nullptr;

  bool started() const { return done_steps > 0 || faulted; }
};

// Chunks of one session in order. Intrusive: never allocates.
class ChunkQueue {
 public:
  bool empty() const { return head_ == nullptr; }
  Chunk* head() const { return head_; }
  void Push(Chunk* chunk) {
    chunk->next = nullptr;
    (head_ ? tail_->next : head_) = chunk;
    tail_ = chunk;
  }
  Chunk* Pop() {
    Chunk* chunk = head_;
    head_ = chunk->next;
    return chunk;
  }

 private:
  Chunk* head_ = nullptr;
  Chunk* tail_ = nullptr;
};

// Who a session works for: a stream or a unary call. Called on the serving thread. None of these may destroy the client
// or call the engine back for the same session.
class SessionClient {
 public:
  virtual ~SessionClient() = default;
  // Room for `count` floats, good until OnChunkDone.
  virtual float* OutputRoom(Chunk& chunk, int count) = 0;
  // Comes before OnChunkDone of the chunk after which the state was taken; or of one that was refused because the
  // pipeline is down, with the state from before it, once an outage.
  virtual void OnCheckpoint(Chunk& chunk, StateImage image) = 0;
  // The chunk was applied, or refused (chunk.refusal). In the order of Submit; the engine forgets the chunk.
  virtual void OnChunkDone(Chunk& chunk) = 0;
  // The session is over for this client and must not be used again; all its chunks are done. `last` is its state,
  // except after kFailed and kTakenOver; `detail` adds to the reason, or is empty.
  virtual void OnEnded(EndReason reason, const char* detail, uint64_t next_step, std::optional<StateImage> last) = 0;
};

}  // namespace recurd
