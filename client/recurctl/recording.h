#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/recurd/v1/recurd.pb.h"

namespace recurd {

// A recording: all that is needed to compute a session again, bit for bit, in the API's own messages.
//
//   file   = "RECURDR1" record*                          integers are little-endian
//   record = kind:u8 length:u32 crc32c:u32 bytes         the checksum is of kind and bytes
//
// Kinds, in this order: kServer, kModel, kOpen, kOpened (without the session's id), then kChunk and kOutputs in turns
// (a last kChunk without kOutputs was not answered), kEnd. A file without kEnd was cut off.
enum class RecordKind : uint8_t {
  kServer = 1,   // GetServerInfoResponse
  kModel = 2,    // GetModelResponse
  kOpen = 3,     // Open
  kOpened = 4,   // Opened
  kChunk = 5,    // Chunk
  kOutputs = 6,  // Outputs
  kEnd = 7,      // no bytes
};

// Writes a recording. Chunks go to the system as they come, so that what led to a crash is there.
// Errors of all: FAILED_PRECONDITION naming the path and the system's reason.
class RecordingWriter {
 public:
  // Begin replaces the file; without it the one that was there stays, and one that wasn't is gone again.
  static absl::StatusOr<std::unique_ptr<RecordingWriter>> Create(const std::string& path);
  ~RecordingWriter();
  RecordingWriter(const RecordingWriter&) = delete;

  absl::Status Begin(const v1::GetServerInfoResponse& server, const v1::GetModelResponse& model, const v1::Open& open,
                     v1::Opened opened);
  absl::Status Chunk(const v1::Chunk& chunk);
  absl::Status Outputs(const v1::Outputs& outputs);
  // Nothing where nothing was begun.
  absl::Status End();

 private:
  RecordingWriter(std::FILE* file, std::string path, bool created)
      : file_(file), path_(std::move(path)), created_(created) {}
  absl::Status Write(RecordKind kind, const google::protobuf::Message* message);

  std::FILE* const file_;
  const std::string path_;
  const bool created_;
  bool begun_ = false;
};

// What a recording begins with.
struct RecordingHeader {
  v1::GetServerInfoResponse server;
  v1::GetModelResponse model;
  v1::Open open;
  v1::Opened opened;
};

// Reads a recording. The file may be anybody's: a record is at most 64 MiB and at most what is left of the file, its
// checksum is checked before it is parsed, and sizes are checked against the header's.
// Errors: NOT_FOUND for a file that can't be opened, INVALID_ARGUMENT naming the byte and what is wrong there.
class RecordingReader {
 public:
  static absl::StatusOr<std::unique_ptr<RecordingReader>> Open(const std::string& path);
  ~RecordingReader();
  RecordingReader(const RecordingReader&) = delete;

  const RecordingHeader& header() const { return header_; }
  // The next chunk and its answer; false at the end. `answered`: there is one.
  absl::StatusOr<bool> Next(v1::Chunk* chunk, v1::Outputs* outputs, bool* answered);
  // Whether the recording was ended in order; to be asked after Next gave false.
  bool complete() const { return complete_; }

 private:
  RecordingReader(std::FILE* file, std::string path, uint64_t size)
      : file_(file), path_(std::move(path)), size_(size) {}
  absl::Status ReadHeader();
  // The next record in kind_ and bytes_; false at the end of the file.
  absl::StatusOr<bool> ReadRecord();
  absl::Status Expect(RecordKind kind, google::protobuf::Message* message);
  absl::Status Parse(google::protobuf::Message* message) const;
  absl::Status Error(const std::string& what) const;

  std::FILE* const file_;
  const std::string path_;
  const uint64_t size_;
  uint64_t at_ = 0;
  RecordKind kind_{};
  std::string bytes_;
  bool complete_ = false;
  RecordingHeader header_;
};

}  // namespace recurd
