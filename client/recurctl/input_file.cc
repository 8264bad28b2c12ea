#include "client/recurctl/input_file.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace recurd {
namespace {

constexpr size_t kReadBytes = 64 << 10;

absl::Status SystemError(const std::string& path) { return absl::ErrnoToStatus(errno, absl::StrCat("input ", path)); }

}  // namespace

absl::StatusOr<std::unique_ptr<InputFile>> InputFile::Open(const std::string& path, const Interrupt* interrupt) {
  const int fd = path == "-" ? dup(STDIN_FILENO) : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return SystemError(path);
  return std::unique_ptr<InputFile>(new InputFile(fd, path, interrupt));
}

InputFile::InputFile(int fd, std::string path, const Interrupt* interrupt)
    : fd_(fd), path_(std::move(path)), interrupt_(interrupt) {}

InputFile::~InputFile() { close(fd_); }

absl::StatusOr<bool> InputFile::Fill() {
  buffer_.erase(0, std::exchange(begin_, 0));
  pollfd fds[] = {{fd_, POLLIN, 0}, {interrupt_ == nullptr ? -1 : interrupt_->fd(), POLLIN, 0}};
  while (poll(fds, 2, -1) < 0) {
    if (errno != EINTR) return SystemError(path_);
  }
  if (fds[1].revents != 0) return false;
  const size_t size = buffer_.size();
  buffer_.resize(size + kReadBytes);
  ssize_t count;
  do {
    count = read(fd_, buffer_.data() + size, kReadBytes);
  } while (count < 0 && errno == EINTR);
  buffer_.resize(size + std::max<ssize_t>(count, 0));
  if (count < 0) return SystemError(path_);
  return count > 0;
}

absl::StatusOr<bool> InputFile::ReadLine(std::string* line) {
  size_t searched = begin_;
  for (;;) {
    const size_t newline = buffer_.find('\n', searched);
    if (newline != std::string::npos) {
      line->assign(buffer_, begin_, newline - begin_);
      begin_ = newline + 1;
      return true;
    }
    const size_t unread = buffer_.size() - begin_;
    if (unread > kMaxLineBytes) {
      return absl::InvalidArgumentError(
          absl::StrCat("input ", path_, " has a line of more than ", kMaxLineBytes, " bytes; is it CSV?"));
    }
    const absl::StatusOr<bool> more = Fill();
    if (!more.ok()) return more.status();
    searched = begin_ + unread;
    if (*more) continue;
    if (unread == 0 || interrupted()) return false;
    line->assign(buffer_, begin_);
    begin_ = buffer_.size();
    return true;
  }
}

absl::StatusOr<size_t> InputFile::ReadBytes(char* data, size_t size) {
  while (buffer_.size() - begin_ < size) {
    const absl::StatusOr<bool> more = Fill();
    if (!more.ok()) return more.status();
    if (!*more) break;
  }
  const size_t count = std::min(size, buffer_.size() - begin_);
  std::memcpy(data, buffer_.data() + begin_, count);
  begin_ += count;
  return count;
}

}  // namespace recurd
