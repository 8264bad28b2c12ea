#include "server/base/small_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace recurd {
namespace {

int64_t Nanoseconds(const timespec& time) { return time.tv_sec * int64_t{1'000'000'000} + time.tv_nsec; }

absl::Status SystemError(const char* what, const std::string& path) {
  return absl::ErrnoToStatus(errno, absl::StrCat(what, " '", path, "'"));
}

absl::StatusOr<std::string> ReadFile(const std::string& path, size_t limit_bytes, bool secret) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // not waiting for a pipe's other end
  if (fd < 0) return SystemError("can't open", path);
  const absl::Cleanup close_it = [fd] { close(fd); };
  struct stat file = {};
  if (fstat(fd, &file) != 0) return SystemError("can't look at", path);
  if (!S_ISREG(file.st_mode)) return absl::InvalidArgumentError(absl::StrCat("'", path, "' is no regular file"));
  if (secret && (file.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("'%s' holds a secret and has mode %04o, which lets others than its owner at it: chmod 600 '%s'",
                        path, file.st_mode & 07777, path));
  }
  std::string bytes(limit_bytes + 1, '\0');
  size_t size = 0;
  while (size < bytes.size()) {
    const ssize_t got = read(fd, bytes.data() + size, bytes.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return SystemError("can't read", path);
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  if (size > limit_bytes) {
    return absl::InvalidArgumentError(absl::StrCat("'", path, "' has more than ", limit_bytes, " bytes"));
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace

FileStamp FileStamp::Of(const std::string& path) {
  struct stat file = {};
  if (stat(path.c_str(), &file) != 0) return {};
  return {file.st_dev, file.st_ino, file.st_size, Nanoseconds(file.st_mtim), Nanoseconds(file.st_ctim)};
}

absl::StatusOr<std::string> ReadSmallFile(const std::string& path, size_t limit_bytes) {
  return ReadFile(path, limit_bytes, false);
}

absl::StatusOr<std::string> ReadSecretFile(const std::string& path, size_t limit_bytes) {
  return ReadFile(path, limit_bytes, true);
}

}  // namespace recurd
