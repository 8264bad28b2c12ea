#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "proto/recurd/v1/recurd.pb.h"

namespace recurd {

// What a server's answers mean to a caller. Not installed.   Threads: any.

// A text that names the server.
absl::Status ServerError(const std::string& address, absl::StatusCode code, const std::string& message);

// The refusal as a status with the message as its payload: RefusalOf(status).
absl::Status RefusedStatus(const std::string& address, const v1::Refused& refused);
// The end as a status with the message as its payload: EndOf(status).
absl::Status EndedStatus(const std::string& address, const v1::Ended& ended);

// Whether a chunk is one that its server takes: whole rows, not too many, not too many bytes.
// Errors: INVALID_ARGUMENT with the value and the limit.
absl::Status CheckChunk(const v1::Opened& opened, size_t input_count, size_t state_count);

// Which steps' outputs a stream asked for.
struct Selection {
  explicit Selection(const v1::Open& open);

  // The rows that a chunk's answer has.
  uint64_t RowCount(uint64_t first_step, uint32_t step_count, bool end) const;
  // The step of row `row` of an answer.
  uint64_t StepOfRow(const v1::Outputs& outputs, int row) const;

  v1::Open::Outputs outputs;
  uint64_t stride;
};

}  // namespace recurd
