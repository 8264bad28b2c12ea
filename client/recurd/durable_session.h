#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "proto/recurd/v1/recurd.pb.h"
#include "recurd/client.h"
#include "recurd/session.h"

namespace recurd {

struct DurableOptions {
  // For every connection. connect_timeout_ms: how long all servers together may fail before the first session is open;
  // 0: one attempt at each. call_timeout_ms has no meaning here.
  ClientOptions client;
  // The same, once a session has been lost.
  int resume_timeout_ms = 60000;
  // A server that owes an answer and is silent for so long counts as lost.
  int answer_timeout_ms = 30000;
  // Bound of what is kept to be sent again: the inputs since the last checkpoint, and 256 bytes a chunk. Checkpoints
  // are asked for as often as that needs.
  size_t replay_bytes = size_t{16} << 20;
  // Before attempt n the wait is uniform in 0 .. min(backoff_max_ms, backoff_base_ms * 2^n).
  int backoff_base_ms = 50;
  int backoff_max_ms = 5000;
};

// A session that survives its server. It goes on from its last checkpoint at any server of a list when a connection is
// lost or a server goes away, sends again what came after, and drops what its caller already has: the caller gets each
// step's outputs once, in order, with the bits of an undisturbed run on the same numerics profile.
//
// As Session (recurd/session.h) in shapes, step numbers and refusals: a refused chunk was not applied, and the session
// goes on. It sends nothing by itself: losses are found, and mended, in Send, Receive, Run, Step and Close.
//
// Threads: one may Send while another calls Receive, and Cancel may be called from any. All else is for one thread.
//
// Errors of all calls, once the session is over, the same from then on: EndOf(status) where the server ended it for
// good (TAKEN_OVER, CLOSED, FAILED, EVICTED); UNAVAILABLE, or the last server's own code, when no server of the list
// took it in time, with a text that names each and what it said; DATA_LOSS if steps gave other bits when they were
// replayed; CANCELLED after Cancel. The process itself must live: what it has in memory is the log.
class DurableSession {
 public:
  // A new session of `open.model` at the first server of `servers` that takes it (addresses as Client::Connect's).
  // What `open` asks for holds for all its connections: outputs, allow_profile_change, checkpoint intervals
  // (checkpoint_steps 0 means 512). With `state` it starts from that; with mode ATTACH and a session_id from there.
  // Errors: INVALID_ARGUMENT (an empty list, an address, options); as Client::Connect's and Open's of the servers
  // tried.
  static absl::StatusOr<DurableSession> Open(const std::vector<std::string>& servers, const v1::Open& open,
                                             const DurableOptions& options = {});
  static absl::StatusOr<DurableSession> Open(const std::vector<std::string>& servers, const std::string& model,
                                             const DurableOptions& options = {});
  DurableSession(DurableSession&&) noexcept;
  DurableSession& operator=(DurableSession&&) noexcept;
  // Leaves without closing: the server keeps the session for its linger time.
  ~DurableSession();

  // What the newest connection granted: session id (a secret), sizes, version, numerics profile, limits.
  v1::Opened opened() const;
  // The address of the newest connection.
  std::string server() const;
  // How often the session went on with a new connection, and why it needed the last one.
  int resumed_count() const;
  absl::Status last_loss() const;

  // As Session's. Errors besides: INVALID_ARGUMENT for a chunk above half of replay_bytes.
  absl::StatusOr<std::vector<float>> Step(absl::Span<const float> inputs);
  absl::StatusOr<v1::Outputs> Run(absl::Span<const float> inputs, const ChunkOptions& options = {});

  // Run in two halves, as Session's. Send copies the inputs, and waits while opened().max_chunks_ahead answers have not
  // been taken or the replay memory is full: RESOURCE_EXHAUSTED, and nothing sent, if that takes answer_timeout_ms.
  absl::Status Send(absl::Span<const float> inputs, const ChunkOptions& options = {});
  // Waits for the next answer, also when none is due.
  absl::StatusOr<v1::Outputs> Receive();

  uint64_t StepOfRow(const v1::Outputs& outputs, int row) const;
  // Chunks sent whose answer was not received, and the step that the next chunk begins with.
  int outstanding() const;
  uint64_t next_step() const;
  // What the session would go on from: the newest checkpoint received, none at the beginning of a sequence.
  std::optional<v1::State> checkpoint() const;

  // Ends the session on its server. Answers not yet received are dropped. OK once the server has confirmed, and if the
  // connection is lost: then nobody holds the session for longer than it lingers.
  absl::Status Close();
  // Ends the session here and now; waiting calls return CANCELLED.
  void Cancel();

 private:
  struct Impl;
  explicit DurableSession(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace recurd
