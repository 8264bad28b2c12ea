#pragma once

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <memory>
#include <string>

#include "proto/recurd/v1/recurd.grpc.pb.h"
#include "recurd/connection.h"

namespace recurd {

// One stream of a load, driven by the tags of a completion queue. Reads are always pending; the next write waits for
// both the last write's tag and its answer, whose order gRPC leaves open. Threads: the queue's. Must live until done().
class LoadStream {
 public:
  enum class Op { kStart, kWrite, kRead, kFinish };
  // What the queue returns.
  struct Tag {
    LoadStream* stream;
    Op op;
  };

  LoadStream(const v1::Open& open, int index) : open_(open), index_(index) {}
  LoadStream(const LoadStream&) = delete;
  LoadStream& operator=(const LoadStream&) = delete;

  void Start(const Connection& connection, grpc::CompletionQueue* queue);
  // Handles a tag. True if response() holds a message to look at: then ReadOn asks for the next.
  bool OnTag(Op op, bool ok);
  void ReadOn() { stream_->Read(&response_, &read_tag_); }

  // Sends `request` as the next chunk: fills in its step. Precondition: ready().
  void Send(v1::StreamRequest* request, int64_t due_ns, int64_t sent_ns);
  // Ends the session.   Precondition: ready().
  void Close();
  // Breaks the stream off.
  void Cancel() { context_.TryCancel(); }

  bool opened() const { return opened_; }
  bool ready() const { return opened_ && !writing_ && !awaiting_ && !closing_ && !over_; }
  bool closing() const { return closing_; }
  bool done() const { return done_; }

  const v1::StreamResponse& response() const { return response_; }
  const grpc::Status& status() const { return status_; }
  int index() const { return index_; }
  int64_t due_ns() const { return due_ns_; }
  int64_t sent_ns() const { return sent_ns_; }
  uint64_t sent_count() const { return sent_count_; }

 private:
  void SendOpen();
  void Note();

  const v1::Open& open_;
  const int index_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientAsyncReaderWriter<v1::StreamRequest, v1::StreamResponse>> stream_;
  v1::StreamResponse response_;
  grpc::Status status_;
  Tag start_tag_{this, Op::kStart}, write_tag_{this, Op::kWrite}, read_tag_{this, Op::kRead},
      finish_tag_{this, Op::kFinish};

  uint64_t next_step_ = 0;
  uint64_t sent_count_ = 0;
  int64_t due_ns_ = 0;
  int64_t sent_ns_ = 0;
  bool opened_ = false;
  bool writing_ = false;
  bool awaiting_ = false;
  bool closing_ = false;
  bool over_ = false;
  bool done_ = false;
};

}  // namespace recurd
