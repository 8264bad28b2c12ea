#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"

namespace recurd {

// An API message that travels within a status, under its Any type URL. Not installed: callers use errors.h.

template <typename Message>
std::string TypeUrl() {
  return absl::StrCat("type.googleapis.com/", Message().GetTypeName());
}

template <typename Message>
absl::Status WithPayload(absl::Status status, const Message& message) {
  status.SetPayload(TypeUrl<Message>(), absl::Cord(message.SerializeAsString()));
  return status;
}

}  // namespace recurd
