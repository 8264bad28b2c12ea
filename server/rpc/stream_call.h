#pragma once

#include <array>
#include <optional>
#include <string>

#include "grpcpp/alarm.h"
#include "grpcpp/grpcpp.h"
#include "proto/recurd/v1/recurd.pb.h"
#include "server/engine/engine.h"
#include "server/rpc/access.h"
#include "server/rpc/server.h"
#include "server/rpc/task.h"

namespace recurd {

// One Stream call, from accept to Finish. Three coroutines share it: the reader (Serve, whose frame holds it), the
// writer, and one that waits for the call to be over. A ring of slots holds a request and its reply each; a slot is
// filled by the reader, answered by OnRequest or the engine, and written and freed by the writer, always in order. When
// the ring is full the reader stops, and HTTP/2 holds the sender back. All of a call's waits end in operations of its
// own; its frame dies only in one of their completions, never inside the engine.
class StreamCall final : public SessionClient {
 public:
  static Detached Serve(RpcServer* rpc);

  explicit StreamCall(RpcServer* rpc) : rpc_(rpc) {}

  // Ends a stream that has no session: at once while draining, else once it has had time to open one.
  void ExpireUnopened(int64_t now_ns, bool draining);

  StreamCall(const StreamCall&) = delete;

  // SessionClient
  float* OutputRoom(Chunk& chunk, int count) override;
  void OnCheckpoint(Chunk& chunk, StateImage image) override;
  void OnChunkDone(Chunk& chunk) override;
  void OnEnded(EndReason reason, const char* detail, uint64_t next_step, std::optional<StateImage> last) override;

 private:
  static constexpr size_t kSlotCount = 16;
  static constexpr size_t kBytesAhead = 4 << 20;  // in requests and replies that wait
  static constexpr size_t kKeptBytes = 16 << 10;  // that a free slot may keep for its next message

  struct Slot : Chunk {
    v1::StreamRequest request;
    v1::StreamResponse reply;
    std::optional<v1::StreamResponse> checkpoint;
    StateImage begin_image;
    absl::Status bad_state;                         // what is wrong with begin_image
    absl::StatusCode code = absl::StatusCode::kOk;  // of the answer
    size_t bytes = 0;
    bool answered = false;
  };

  static Detached WriteReplies(StreamCall* call);
  static Detached AwaitDone(StreamCall* call);

  Slot& Head() { return slots_[head_ % kSlotCount]; }
  Slot& Tail() { return slots_[tail_ % kSlotCount]; }
  bool Empty() const { return head_ == tail_; }
  bool Full() const { return tail_ - head_ == kSlotCount || (bytes_ahead_ > kBytesAhead && !Empty()); }

  // Takes the request in Tail(): afterwards it is a slot of the ring, or nothing was made of it.
  void OnRequest();
  uint64_t FenceToOpen();
  void OnOpen(Slot& slot);
  void OnChunk(Slot& slot);
  // Answers with a Refused.
  void Refuse(Slot& slot, absl::StatusCode code, std::string message);
  void Answer(Slot& slot);
  // No answer but the end of the call.
  void Fail(grpc::Status status);
  void FreeHead();
  void Encoded(const Slot& slot);
  void SayEnded(EndReason reason, const char* detail, uint64_t next_step);

  RpcServer* const rpc_;
  grpc::ServerContext context_;
  grpc::ServerAsyncReaderWriter<v1::StreamResponse, v1::StreamRequest> stream_{&context_};
  Caller caller_;
  ServedSession* session_ = nullptr;
  std::shared_ptr<ServedModel> served_;
  bool wants_checkpoints_ = false;
  bool allows_profile_change_ = false;
  std::string profile_;  // as Opened named it
  // Of the pipeline and of its fallback, where it isn't Opened's.
  std::array<std::string, 2> other_profiles_;

  int64_t accepted_ns_ = 0;
  std::array<Slot, kSlotCount> slots_;
  size_t head_ = 0, tail_ = 0;
  size_t bytes_ahead_ = 0;

  // The end: reading has stopped, the session is over (or never was), the ring is empty; then Ended and Finish. A
  // client that merely stops sending may have gone away: only the end of the call tells, and the session stays until
  // then.
  bool reading_ = true;
  bool closed_ = false;  // by a Close
  grpc::Status status_;
  std::optional<v1::StreamResponse> last_checkpoint_, ended_;

  grpc::Alarm turn_;
  QueueOp done_;    // AsyncNotifyWhenDone
  Event room_;      // for the reader: a slot is free, or the call is ending
  Event progress_;  // for the writer: a slot was answered, or the call is ending
  Event written_, gone_;
};

}  // namespace recurd
