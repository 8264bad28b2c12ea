#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace recurd {

// Tells one state of a file from another: what stat says of it. A file that isn't there has the default's.
struct FileStamp {
  uint64_t device = 0, inode = 0;
  int64_t size = 0, modified_ns = 0, changed_ns = 0;

  static FileStamp Of(const std::string& path);
  bool operator==(const FileStamp&) const = default;
};

// The bytes of a regular file, at most `limit_bytes`.
// Errors: NOT_FOUND, PERMISSION_DENIED or UNAVAILABLE with the system's reason; INVALID_ARGUMENT for what is no regular
// file or too large. All name the path.
absl::StatusOr<std::string> ReadSmallFile(const std::string& path, size_t limit_bytes);
// The same; a file that others than its owner may get at is INVALID_ARGUMENT too.
absl::StatusOr<std::string> ReadSecretFile(const std::string& path, size_t limit_bytes);

}  // namespace recurd
