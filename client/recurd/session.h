#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "proto/recurd/v1/recurd.pb.h"

namespace recurd {

struct ChunkOptions {
  // Start a new sequence at step 0. Not needed for a session's first chunk, nor after `end`.
  bool begin = false;
  // The sequence is over after this chunk.
  bool end = false;
  // Time from receipt within which the first step must have started, in microseconds. 0: no limit.
  uint32_t deadline_us = 0;
  // Comes back in the answer; never looked at.
  uint64_t client_tag = 0;
  // With a beginning sequence: the state to begin with instead of the model's initial one. Read before the call
  // returns.
  const v1::State* state = nullptr;
  // Have a checkpoint sent behind the answer, whether one is due or not (never after `end`).
  bool checkpoint = false;
};

// One client's session with a model: a hidden state that the server keeps from message to message.
//
// Shapes: a row is opened().input_size floats in (output_size out), the model's tensors in GetModel's order; T rows
// stand one behind the other, row-major. Steps count from 0 in each sequence; the session numbers chunks itself.
//
// Threads: one thread may Send while another calls Receive, and Cancel may be called from any. All else is for one
// thread. No call takes a time limit: Cancel (from another thread) ends whatever waits.
//
// Errors, besides those named at each call: a refused chunk gives the server's code and RefusalOf(status); the session
// is then as it was, and the next chunk is numbered from the step that the server expects. A session that ended gives
// EndOf(status): ABORTED (expired, evicted, taken over), UNAVAILABLE (restarted, drained, model unloaded), INTERNAL
// (failed), CANCELLED (closed). A lost connection gives UNAVAILABLE. After an end or a loss every call gives the same
// error. A refusal with UNAVAILABLE while a server repairs its pipeline leaves checkpoint() at the state as it was.
class Session {
 public:
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;
  // Leaves without closing: the session lingers on the server, and another Open may attach to it.
  ~Session();

  // What the server granted: session id (a secret), sizes, numerics profile, limits.
  const v1::Opened& opened() const;

  // One step: inputs [input_size] -> outputs [output_size] (empty when the `outputs` asked for in Open leave this step
  // out). Errors: INVALID_ARGUMENT on length; FAILED_PRECONDITION while sent chunks wait to be received.
  absl::StatusOr<std::vector<float>> Step(absl::Span<const float> inputs);

  // One chunk: inputs [T][input_size] -> v1::Outputs, whose `outputs` are [rows][output_size] with times of the stages.
  // Errors: as Step; INVALID_ARGUMENT also above opened().max_chunk_steps.
  absl::StatusOr<v1::Outputs> Run(absl::Span<const float> inputs, const ChunkOptions& options = {});

  // Run in two halves, for several chunks on their way at once; answers come in the order of the chunks. Send waits
  // while the server holds the sender back: whoever has more than opened().max_chunks_ahead chunks unanswered needs a
  // second thread that receives. Receive waits for the next answer, also when none is due. Errors: Send as Run, and
  // UNAVAILABLE when the stream is over and no call has said why yet (Receive does).
  absl::Status Send(absl::Span<const float> inputs, const ChunkOptions& options = {});
  absl::StatusOr<v1::Outputs> Receive();

  // The step of row `row` of an answer: rows are fewer than steps unless every step's output was asked for.
  uint64_t StepOfRow(const v1::Outputs& outputs, int row) const;

  // Chunks sent and not yet answered, and the step that the next chunk begins with.
  int outstanding() const;
  uint64_t next_step() const;

  // The newest checkpoint among the answers received so far, if Open asked for checkpoints.
  std::optional<v1::State> checkpoint() const;

  // Ends the session on the server. Answers not yet received are dropped. OK once the server has confirmed.
  absl::Status Close();

  // Breaks the stream off; waiting calls return CANCELLED.
  void Cancel();

 private:
  friend class Client;
  struct Impl;
  explicit Session(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace recurd
