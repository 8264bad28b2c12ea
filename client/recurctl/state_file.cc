#include "client/recurctl/state_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace recurd {
namespace {

constexpr size_t kMaxStateBytes = 64 << 20;
constexpr uint32_t kStateFormat = 1;

bool WriteAll(int fd, const std::string& bytes) {
  for (size_t at = 0; at < bytes.size();) {
    const ssize_t count = write(fd, bytes.data() + at, bytes.size() - at);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    at += static_cast<size_t>(count);
  }
  return fsync(fd) == 0;
}

}  // namespace

absl::StatusOr<std::string> ReadWholeFile(const std::string& path, size_t limit) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat info = {};
  if (fd < 0 || fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    const std::string reason = fd < 0 ? std::strerror(errno) : "no regular file";
    if (fd >= 0) close(fd);
    return absl::NotFoundError(absl::StrCat(path, ": can't be read: ", reason));
  }
  std::string bytes;
  if (static_cast<uint64_t>(info.st_size) <= limit) bytes.resize(static_cast<size_t>(info.st_size));
  size_t size = 0;
  for (ssize_t count = 1; count > 0 && size < bytes.size();) {
    count = read(fd, bytes.data() + size, bytes.size() - size);
    if (count > 0) size += static_cast<size_t>(count);
  }
  close(fd);
  if (static_cast<uint64_t>(info.st_size) > limit) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", info.st_size, " bytes, but the limit is ", limit));
  }
  bytes.resize(size);
  return bytes;
}

absl::Status WriteWholeFile(const std::string& path, const std::string& bytes) {
  const std::string part = path + ".part";
  const int fd = open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const bool written = fd >= 0 && WriteAll(fd, bytes);
  if (fd >= 0) close(fd);
  if (written && std::rename(part.c_str(), path.c_str()) == 0) return absl::OkStatus();
  const std::string reason = std::strerror(errno);
  if (fd >= 0) unlink(part.c_str());
  return absl::FailedPreconditionError(absl::StrCat(path, ": can't be written: ", reason, "; give a writable place"));
}

absl::Status WriteStateFile(const std::string& path, const v1::ExportSessionResponse& session) {
  return WriteWholeFile(path, session.SerializeAsString());
}

absl::StatusOr<v1::ExportSessionResponse> ReadStateFile(const std::string& path) {
  const absl::StatusOr<std::string> bytes = ReadWholeFile(path, kMaxStateBytes);
  if (!bytes.ok()) return bytes.status();
  v1::ExportSessionResponse session;
  if (!session.ParseFromString(*bytes) || session.model().empty() || session.state().format() != kStateFormat) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": holds no state of format ", kStateFormat, "; `recurctl export` writes one"));
  }
  return session;
}

}  // namespace recurd
