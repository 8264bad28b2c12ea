#pragma once

#include <optional>

#include "absl/status/status.h"
#include "proto/recurd/v1/recurd.pb.h"

namespace recurd {

// What a server said beyond a code and a text, where it said more. Every error of Session that came from a Refused or
// an Ended message carries that message.   Threads: any.   Errors: none; a status without the message gives nullopt.

// The refusal behind `status`: the session is as it was and goes on. expected_step is the step to send next.
// A retry_after_ms above 0 is a hint when to try again; a server need not give one.
std::optional<v1::Refused> RefusalOf(const absl::Status& status);

// How the session ended: the stream is over. reason says whether another Open can go on (from next_step, or from the
// last checkpoint).
std::optional<v1::Ended> EndOf(const absl::Status& status);

}  // namespace recurd
