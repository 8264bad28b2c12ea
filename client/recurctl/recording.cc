#include "client/recurctl/recording.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/crc32c.h"
#include "server/base/status_macros.h"

namespace recurd {
namespace {

static_assert(std::endian::native == std::endian::little, "recordings are little-endian");

constexpr char kMagic[] = "RECURDR1";
constexpr size_t kMagicBytes = sizeof kMagic - 1;
constexpr size_t kHeadBytes = 9;
constexpr uint32_t kMaxRecordBytes = 64 << 20;
constexpr uint32_t kMaxRowFloats = 1 << 24;

uint32_t ChecksumOf(RecordKind kind, const std::string& bytes) {
  return Crc32c(bytes.data(), bytes.size(), Crc32c(&kind, 1));
}

}  // namespace

// ---- writing ------------------------------------------------------------------------------------------------------

absl::StatusOr<std::unique_ptr<RecordingWriter>> RecordingWriter::Create(const std::string& path) {
  int descriptor = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);  // it will hold all inputs
  const bool created = descriptor >= 0;
  if (!created && errno == EEXIST) descriptor = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  std::FILE* file = descriptor < 0 ? nullptr : fdopen(descriptor, "wb");
  if (file == nullptr) {
    return absl::FailedPreconditionError(absl::StrCat(path, ": can't be written: ", std::strerror(errno)));
  }
  return std::unique_ptr<RecordingWriter>(new RecordingWriter(file, path, created));
}

RecordingWriter::~RecordingWriter() {
  std::fclose(file_);
  if (created_ && !begun_) std::remove(path_.c_str());
}

absl::Status RecordingWriter::Write(RecordKind kind, const google::protobuf::Message* message) {
  const std::string bytes = message == nullptr ? "" : message->SerializeAsString();
  const uint32_t words[] = {static_cast<uint32_t>(bytes.size()), ChecksumOf(kind, bytes)};
  const bool ok = std::fwrite(&kind, 1, 1, file_) == 1 && std::fwrite(words, 1, sizeof words, file_) == sizeof words &&
                  std::fwrite(bytes.data(), 1, bytes.size(), file_) == bytes.size() && std::fflush(file_) == 0;
  if (ok) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(path_, ": can't be written: ", std::strerror(errno)));
}

absl::Status RecordingWriter::Begin(const v1::GetServerInfoResponse& server, const v1::GetModelResponse& model,
                                    const v1::Open& open, v1::Opened opened) {
  opened.clear_session_id();
  const bool emptied = ftruncate(fileno(file_), 0) == 0 || errno == EINVAL;  // a pipe has nothing to be emptied of
  if (!emptied || std::fwrite(kMagic, 1, kMagicBytes, file_) != kMagicBytes) {
    return absl::FailedPreconditionError(absl::StrCat(path_, ": can't be written: ", std::strerror(errno)));
  }
  begun_ = true;
  RECURD_RETURN_IF_ERROR(Write(RecordKind::kServer, &server));
  RECURD_RETURN_IF_ERROR(Write(RecordKind::kModel, &model));
  RECURD_RETURN_IF_ERROR(Write(RecordKind::kOpen, &open));
  return Write(RecordKind::kOpened, &opened);
}

absl::Status RecordingWriter::Chunk(const v1::Chunk& chunk) { return Write(RecordKind::kChunk, &chunk); }
absl::Status RecordingWriter::Outputs(const v1::Outputs& outputs) { return Write(RecordKind::kOutputs, &outputs); }
absl::Status RecordingWriter::End() { return begun_ ? Write(RecordKind::kEnd, nullptr) : absl::OkStatus(); }

// ---- reading ------------------------------------------------------------------------------------------------------

absl::StatusOr<std::unique_ptr<RecordingReader>> RecordingReader::Open(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "rbe");
  if (file == nullptr) return absl::NotFoundError(absl::StrCat(path, ": can't be read: ", std::strerror(errno)));
  struct stat info = {};
  const bool regular = fstat(fileno(file), &info) == 0 && S_ISREG(info.st_mode);
  std::unique_ptr<RecordingReader> reader(
      new RecordingReader(file, path, regular ? static_cast<uint64_t>(info.st_size) : 0));
  if (absl::Status status = reader->ReadHeader(); !status.ok()) return status;
  return reader;
}

RecordingReader::~RecordingReader() { std::fclose(file_); }

absl::Status RecordingReader::Error(const std::string& what) const {
  return absl::InvalidArgumentError(absl::StrCat(path_, ": at byte ", at_, ": ", what));
}

absl::Status RecordingReader::ReadHeader() {
  char magic[kMagicBytes];
  if (size_ < kMagicBytes || std::fread(magic, 1, kMagicBytes, file_) != kMagicBytes ||
      std::memcmp(magic, kMagic, kMagicBytes) != 0) {
    return Error(absl::StrCat("is no recording: it doesn't begin with ", kMagic, "; `recurctl record` writes one"));
  }
  at_ = kMagicBytes;
  RECURD_RETURN_IF_ERROR(Expect(RecordKind::kServer, &header_.server));
  RECURD_RETURN_IF_ERROR(Expect(RecordKind::kModel, &header_.model));
  RECURD_RETURN_IF_ERROR(Expect(RecordKind::kOpen, &header_.open));
  RECURD_RETURN_IF_ERROR(Expect(RecordKind::kOpened, &header_.opened));
  for (const uint32_t size : {header_.opened.input_size(), header_.opened.output_size()}) {
    if (size == 0 || size > kMaxRowFloats) {
      return Error(absl::StrCat("rows of ", size, " floats; 1 to ", kMaxRowFloats, " make sense"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> RecordingReader::ReadRecord() {
  if (at_ == size_) return false;
  uint32_t words[2];
  if (size_ - at_ < kHeadBytes || std::fread(&kind_, 1, 1, file_) != 1 ||
      std::fread(words, 1, sizeof words, file_) != sizeof words) {
    return Error("the file is cut off within a record");
  }
  if (words[0] > kMaxRecordBytes || words[0] > size_ - at_ - kHeadBytes) {
    return Error(absl::StrCat("a record of ", words[0], " bytes, but ", size_ - at_ - kHeadBytes,
                              " are left of the file, and the limit is ", kMaxRecordBytes));
  }
  bytes_.resize(words[0]);
  if (std::fread(bytes_.data(), 1, bytes_.size(), file_) != bytes_.size()) return Error("the file can't be read on");
  if (const uint32_t sum = ChecksumOf(kind_, bytes_); sum != words[1]) {
    return Error(absl::StrCat("a record's checksum is ", words[1], ", its content has ", sum, ": it was damaged"));
  }
  at_ += kHeadBytes + bytes_.size();
  return true;
}

absl::Status RecordingReader::Parse(google::protobuf::Message* message) const {
  if (message->ParseFromString(bytes_)) return absl::OkStatus();
  return Error(absl::StrCat("the record before it is no ", message->GetTypeName()));
}

absl::Status RecordingReader::Expect(RecordKind kind, google::protobuf::Message* message) {
  RECURD_ASSIGN_OR_RETURN(const bool more, ReadRecord());
  if (!more || kind_ != kind) return Error(absl::StrCat("a record with a ", message->GetTypeName(), " is missing"));
  return Parse(message);
}

absl::StatusOr<bool> RecordingReader::Next(v1::Chunk* chunk, v1::Outputs* outputs, bool* answered) {
  if (complete_) return false;
  RECURD_ASSIGN_OR_RETURN(const bool has_chunk, ReadRecord());
  complete_ = has_chunk && kind_ == RecordKind::kEnd;
  if (!has_chunk || complete_) return false;
  if (kind_ != RecordKind::kChunk) return Error("a chunk was due");
  RECURD_RETURN_IF_ERROR(Parse(chunk));
  const uint32_t row = header_.opened.input_size();
  if (chunk->inputs_size() == 0 || static_cast<uint32_t>(chunk->inputs_size()) % row != 0) {
    return Error(absl::StrCat("a chunk of ", chunk->inputs_size(), " floats, but a row has ", row));
  }
  *answered = false;
  RECURD_ASSIGN_OR_RETURN(const bool more, ReadRecord());
  if (!more) return true;
  if (kind_ == RecordKind::kEnd) {
    complete_ = true;
    return true;
  }
  if (kind_ != RecordKind::kOutputs) return Error("the outputs of a chunk were due");
  RECURD_RETURN_IF_ERROR(Parse(outputs));
  *answered = true;
  return true;
}

}  // namespace recurd
