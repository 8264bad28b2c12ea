#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "proto/recurd/v1/recurd.pb.h"
#include "recurd/answers.h"
#include "recurd/replay.h"
#include "recurd/servers.h"

namespace recurd {

// Exactly once, without I/O: what a session sends on each connection, and which answers its caller gets. A driver
// (durable_session.cc) owns the clock and the network and tells the core what happened:
//
//   Plan -> Connect -> (NextRequest | OnResponse)* -> OnLost -> Plan -> ...
//
// Every connection goes on from the last checkpoint and sends what came after it; answers that the caller already has
// are compared and dropped. One connection at a time: the driver brings nothing of an older one.
// Times are nanoseconds of one monotonic clock.   Threads: one at a time.
class Resume {
 public:
  enum class Phase {
    kIdle,     // not connected
    kOpening,  // connected, waiting for Opened
    kOpen,     // in session
    kLeaving,  // refused, waiting for the server's last words
    kOver,     // failure() says why
  };

  struct Limits {
    size_t replay_bytes;
    int64_t connect_timeout_ns;  // for all servers of the list together, before the first Opened
    int64_t resume_timeout_ns;   // the same, later on
    int64_t answer_timeout_ns;   // a server that owes an answer for so long is lost
  };

  // `open`: as the caller wants it, with a checkpoint_steps above 0.
  Resume(const v1::Open& open, const Limits& limits, ServerList servers);

  // ---- The caller's side.
  const v1::Opened& opened() const { return opened_; }  // of the newest connection
  bool has_opened() const { return opened_.input_size() > 0; }
  const std::string& server() const { return server_; }
  int resumed_count() const { return resumed_count_; }
  const absl::Status& last_loss() const { return last_loss_; }
  const absl::Status& failure() const { return failure_; }
  const ReplayLog& log() const { return log_; }
  const Selection& selection() const { return selection_; }

  // Chunks sent whose answer was not taken.
  size_t outstanding() const { return log_.unanswered() + answers_.size(); }
  // The last answer waits for the checkpoint that was asked for with its chunk.
  bool has_answer() const { return answers_.size() > (checkpoint_due_ ? 1 : 0); }
  absl::StatusOr<v1::Outputs> TakeAnswer();
  // Errors: INVALID_ARGUMENT for a chunk that could never be sent, with the limit.
  absl::Status Check(absl::Span<const float> inputs, const ChunkOptions& options) const;
  // Whether a chunk may be added now: memory for its replay, and a place among those under way.
  bool HasRoom(size_t cost) const;
  // Precondition: Check and HasRoom.
  void Add(absl::Span<const float> inputs, const ChunkOptions& options);
  // Ends the session in order: Close is sent after the chunks. At once if there is nobody to send it to.
  void Close();
  // Ends the session here and now.
  void Cancel();

  // ---- The driver's side.
  Phase phase() const { return phase_; }
  bool over() const { return phase_ == Phase::kOver; }
  bool wants_connection() const { return phase_ == Phase::kIdle && !(dormant_ && log_.unanswered() == 0); }
  // Where to connect next, and when; none if no server is left to try: the session is over.
  std::optional<ServerList::Attempt> Plan(int64_t now_ns);
  // A connection to `server` is being made. What to send first on it.
  v1::StreamRequest Connect(const std::string& server, int64_t now_ns);
  // What to send now on this connection; null if nothing. Good until the next call of a function that isn't const.
  const v1::StreamRequest* NextRequest(int64_t now_ns);
  // When this connection is to be given up unless it gives a sign of life (then OnOverdue); INT64_MAX: never.
  int64_t overdue_ns() const;
  void OnOverdue(int64_t now_ns);
  // A message came; its contents are moved from. With phase() kIdle or kOver the connection is to be dropped.
  void OnResponse(v1::StreamResponse& response, int64_t now_ns);
  // The connection is gone. Does nothing if the core knows that already.
  void OnLost(absl::StatusCode code, const std::string& text, int64_t now_ns) {
    Lose(Error(code, text), now_ns, false);
  }

 private:
  absl::Status Error(absl::StatusCode code, const std::string& text) const { return ServerError(server_, code, text); }
  void Lose(absl::Status why, int64_t now_ns, bool unfit);
  void Fail(absl::Status why);

  void OnFirst(const v1::StreamResponse& response, int64_t now_ns);
  // Why the session can't go on where it was opened; "" if it can.
  std::string Unfit(const v1::Opened& opened);
  void OnOutputs(v1::Outputs& outputs, int64_t now_ns);
  void OnRefused(const v1::Refused& refused, int64_t now_ns);
  void GiveUp(const v1::Refused& refused);
  void OnCheckpoint(v1::State& state);
  void OnEnded(const v1::Ended& ended, int64_t now_ns);
  // Whether bits under `profile` need a consent that was not given. With it, bits are not compared any more.
  bool ChangesProfile(const std::string& profile);
  std::string OtherProfile(const std::string& profile) const;

  const v1::Open open_;
  const Limits limits_;
  const Selection selection_;
  ServerList servers_;
  ReplayLog log_;
  std::deque<absl::StatusOr<v1::Outputs>> answers_;
  bool checkpoint_due_ = false;  // behind the last of them, on this connection

  Phase phase_ = Phase::kIdle;
  v1::Opened opened_;
  std::string server_;
  std::string profile_;     // of the session's first connection
  bool comparable_ = true;  // nothing was computed under another one
  bool attaches_ = true;    // until a server says that it can't
  bool attaching_ = false;  // this connection asked for it
  bool dormant_ = false;    // expired for want of messages: connects when there is one
  bool closing_ = false;
  bool close_sent_ = false;
  v1::StreamRequest close_;
  int64_t since_ns_ = 0;  // of the phase, or the last sign of life
  int64_t opened_ns_ = 0;
  int64_t retry_after_ns_ = 0;
  bool leaving_unfit_ = false;  // it refused what it had to take
  int resumed_count_ = 0;
  absl::Status last_loss_;
  absl::Status failure_;
};

}  // namespace recurd
