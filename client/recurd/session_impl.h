#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "recurd/answers.h"
#include "recurd/connection.h"
#include "recurd/ledger.h"
#include "recurd/session.h"

namespace recurd {

// The stream behind a Session. Not installed.
// Threads: the sender owns `request`, the receiver `response` and `finished`; `mutex` guards what both use.
struct Session::Impl {
  Impl(std::shared_ptr<const Connection> connection, const v1::Open& open)
      : connection(std::move(connection)), selection(open) {}

  // Opens the stream and waits for what the server grants.
  absl::Status Start(const v1::Open& open);
  // Why the stream is over; OK while it is not.
  absl::Status Over() const;
  // Makes `reason` the answer to every later call, and gives it back.
  absl::Status SetOver(absl::Status reason);
  // The server's next message in `response`; the reason once there is none.
  absl::Status Read();
  // What an answer other than Outputs means to the caller.
  absl::Status OnRefused();
  absl::Status OnEnded();
  absl::Status CheckOutputs();
  // Whether a checkpoint stands behind the answer in `response`, and reading it.
  bool CheckpointFollows() const;
  void ReadCheckpoint();

  const std::shared_ptr<const Connection> connection;
  const Selection selection;
  v1::Opened opened;

  grpc::ClientContext context;
  std::unique_ptr<grpc::ClientReaderWriter<v1::StreamRequest, v1::StreamResponse>> stream;
  v1::StreamRequest request;
  v1::StreamResponse response;
  bool finished = false;  // gRPC's own last word has been read

  mutable std::mutex mutex;
  absl::Status over;
  ChunkLedger ledger{0};
  std::optional<v1::State> checkpoint;
};

}  // namespace recurd
