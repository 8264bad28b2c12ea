#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <memory>
#include <string>

#include "recurd/connection.h"

namespace recurd {

// One connection of a DurableSession: a channel and a stream over a completion queue, which whoever waits polls.
// A read is always pending, and a write at most.
// Threads: one polls (Next) at a time; all else under one lock of the owner's.
class Link {
 public:
  enum class Event { kNone, kWritten, kMessage, kClosed };
  // What the queue returned; `op` null: the time was up.
  struct Tag {
    void* op;
    bool ok;
  };

  // Starts to connect, and sends `open` as soon as that is done. `route`, the header recurd-route, is the same for all
  // links of a session, so that a balancer can keep it on one server.
  Link(std::shared_ptr<const Connection> connection, v1::StreamRequest open, const std::string& route);
  // Breaks the stream off.
  ~Link();
  Link(const Link&) = delete;

  // Waits until steady_clock shows `until_ns` at most.
  Tag Next(int64_t until_ns);
  // What the tag means. kMessage: response() holds it; then Read asks for the next. kClosed: status() says why.
  Event On(Tag tag);
  v1::StreamResponse& response() { return response_; }
  void Read() { stream_->Read(&response_, &reading_); }
  const grpc::Status& status() const { return status_; }

  bool can_write() const { return started_ && !writing_now_; }
  // Precondition: can_write. The message need not be kept.
  void Write(const v1::StreamRequest& request);
  // Ends a Next under way.
  void Wake();
  // Breaks the stream off: kClosed follows.
  void Cancel() { context_.TryCancel(); }

 private:
  const std::shared_ptr<const Connection> connection_;
  const v1::StreamRequest open_;
  grpc::CompletionQueue queue_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientAsyncReaderWriter<v1::StreamRequest, v1::StreamResponse>> stream_;
  v1::StreamResponse response_;
  grpc::Status status_;
  bool started_ = false;
  bool writing_now_ = false;
  bool waking_now_ = false;
  grpc::Alarm alarm_;
  char starting_, reading_, writing_, finishing_, waking_;  // their addresses are the tags
};

}  // namespace recurd
