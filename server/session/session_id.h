#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace recurd {

// 128 random bits: whoever knows them may use the session, so they are never logged whole.
struct SessionId {
  uint64_t hi = 0;
  uint64_t lo = 0;

  // From the kernel's random source. Aborts if there is none.
  static SessionId Random();
  // 32 lower-case hex digits, and back.
  std::string ToString() const;
  static std::optional<SessionId> Parse(absl::string_view text);

  friend bool operator==(const SessionId&, const SessionId&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const SessionId& id) {
    return H::combine(std::move(h), id.hi, id.lo);
  }
};

}  // namespace recurd
