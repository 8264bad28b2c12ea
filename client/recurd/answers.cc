#include "recurd/answers.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "recurd/payload.h"

namespace recurd {
namespace {

constexpr size_t kChunkHeadBytes = 256;  // more than all else in a message with a chunk, strings included

absl::StatusCode CodeOf(v1::Ended::Reason reason) {
  switch (reason) {
    case v1::Ended::CLOSED:
      return absl::StatusCode::kCancelled;
    case v1::Ended::RESTARTED:
    case v1::Ended::MODEL_UNLOADED:
    case v1::Ended::DRAINED:
      return absl::StatusCode::kUnavailable;
    case v1::Ended::FAILED:
      return absl::StatusCode::kInternal;
    default:
      return absl::StatusCode::kAborted;
  }
}

}  // namespace

absl::Status ServerError(const std::string& address, absl::StatusCode code, const std::string& message) {
  return absl::Status(code, absl::StrCat("recurd at ", address, ": ", message));
}

absl::Status RefusedStatus(const std::string& address, const v1::Refused& refused) {
  // A refusal that calls itself OK is none of this API's.
  const auto code = refused.code() > 0 && refused.code() <= 16 ? static_cast<absl::StatusCode>(refused.code())
                                                               : absl::StatusCode::kInternal;
  std::string text = absl::StrCat(refused.message(), " (refused at step ", refused.first_step(),
                                  "; next expected: ", refused.expected_step());
  if (refused.retry_after_ms() > 0) absl::StrAppend(&text, "; try again in ", refused.retry_after_ms(), " ms");
  return WithPayload(ServerError(address, code, text + ")"), refused);
}

absl::Status EndedStatus(const std::string& address, const v1::Ended& ended) {
  std::string text =
      absl::StrCat("the session ended before step ", ended.next_step(), ": ", v1::Ended::Reason_Name(ended.reason()));
  if (!ended.message().empty()) absl::StrAppend(&text, ", ", ended.message());
  return WithPayload(ServerError(address, CodeOf(ended.reason()), text), ended);
}

absl::Status CheckChunk(const v1::Opened& opened, size_t input_count, size_t state_count) {
  const size_t row = opened.input_size();
  const size_t steps = input_count / row;
  if (steps == 0 || input_count % row != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("a chunk takes one or more rows of ", row, " floats, not ", input_count));
  }
  if (steps > opened.max_chunk_steps()) {
    return absl::InvalidArgumentError(
        absl::StrCat("a chunk takes at most ", opened.max_chunk_steps(), " steps, not ", steps, ": send it in pieces"));
  }
  const size_t bytes = sizeof(float) * (input_count + state_count) + kChunkHeadBytes;
  if (opened.max_message_bytes() > 0 && bytes > opened.max_message_bytes()) {
    return absl::InvalidArgumentError(absl::StrCat("a chunk of ", bytes, " bytes is above the server's limit of ",
                                                   opened.max_message_bytes(), " for a message: send it in pieces"));
  }
  return absl::OkStatus();
}

Selection::Selection(const v1::Open& open)
    : outputs(open.outputs()), stride(std::max<uint64_t>(open.output_stride(), 1)) {}

uint64_t Selection::RowCount(uint64_t first_step, uint32_t step_count, bool end) const {
  if (outputs == v1::Open::EVERY_STEP) return step_count;
  if (outputs == v1::Open::EVERY_KTH) return (first_step + step_count) / stride - first_step / stride;
  return outputs == v1::Open::LAST_OF_CHUNK || end ? 1 : 0;
}

uint64_t Selection::StepOfRow(const v1::Outputs& answer, int row) const {
  if (outputs == v1::Open::EVERY_STEP) return answer.first_step() + row;
  if (outputs != v1::Open::EVERY_KTH) return answer.first_step() + answer.step_count() - 1;
  return (answer.first_step() / stride + 1 + row) * stride - 1;
}

}  // namespace recurd
