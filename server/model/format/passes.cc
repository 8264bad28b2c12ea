#include "server/model/format/passes.h"

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"

namespace recurd::format {

absl::Status PassList::NeedWholeSequence(absl::string_view reason) {
  if (must_stream_) return absl::UnimplementedError(reason);
  if (reason_.empty()) reason_ = std::string(reason);
  return absl::OkStatus();
}

absl::StatusOr<int> PassList::Find(int from, bool backward) {
  for (int pass = from;; ++pass) {
    RECURD_RETURN_IF_ERROR(Require(pass));
    if (backward_[pass].value_or(backward) != backward) continue;
    backward_[pass] = backward;
    return pass;
  }
}

absl::Status PassList::Require(int pass) {
  if (pass >= kMaxPassCount) {
    return absl::InvalidArgumentError(
        absl::StrCat("it takes one more walk over the sequence than ", kMaxPassCount, ", the limit"));
  }
  while (pass >= count()) backward_.push_back(std::nullopt);
  return absl::OkStatus();
}

void PassList::NameNode(absl::string_view label) {
  if (reason_.empty() || is_named_) return;
  reason_ = absl::StrCat(label, ": ", reason_);
  is_named_ = true;
}

}  // namespace recurd::format
