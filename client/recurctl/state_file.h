#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/recurd/v1/recurd.pb.h"

namespace recurd {

// A session's state in a file: the bytes of an ExportSessionResponse (model, version, state with its own checksum).

// Writes the file whole or not at all. It holds no secret, but what somebody's session has seen: for its owner only.
// Errors: FAILED_PRECONDITION naming the path and the system's reason.
absl::Status WriteStateFile(const std::string& path, const v1::ExportSessionResponse& session);
// Errors: NOT_FOUND, INVALID_ARGUMENT (above 64 MiB, no state of a session), naming the path.
absl::StatusOr<v1::ExportSessionResponse> ReadStateFile(const std::string& path);

// The bytes of a file, at most `limit` of them.   Errors: NOT_FOUND; INVALID_ARGUMENT above the limit.
absl::StatusOr<std::string> ReadWholeFile(const std::string& path, size_t limit);
// Errors: FAILED_PRECONDITION naming the path and the system's reason.
absl::Status WriteWholeFile(const std::string& path, const std::string& bytes);

}  // namespace recurd
