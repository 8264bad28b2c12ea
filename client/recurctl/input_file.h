#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "client/recurctl/interrupt.h"

namespace recurd {

// Reads a file or pipe as it comes: what one write brought can be used before the next.
// An interrupt is the end of the input.   Threads: one.
class InputFile {
 public:
  static constexpr size_t kMaxLineBytes = 16 << 20;

  // `path`: a file, or "-" for stdin. `interrupt` may be null.
  // Errors: NOT_FOUND and others naming the path and the system's reason.
  static absl::StatusOr<std::unique_ptr<InputFile>> Open(const std::string& path, const Interrupt* interrupt);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  // The next line without its end. False at the end of the input.   Errors: a line above kMaxLineBytes.
  absl::StatusOr<bool> ReadLine(std::string* line);
  // Up to `size` bytes, fewer only at the end of the input. The count.
  absl::StatusOr<size_t> ReadBytes(char* data, size_t size);
  bool interrupted() const { return interrupt_ != nullptr && interrupt_->Requested(); }

 private:
  InputFile(int fd, std::string path, const Interrupt* interrupt);
  // Reads more into the buffer. False at the end of the input.
  absl::StatusOr<bool> Fill();

  const int fd_;
  const std::string path_;
  const Interrupt* const interrupt_;
  std::string buffer_;
  size_t begin_ = 0;  // buffer_[begin_..] is unread
};

}  // namespace recurd
