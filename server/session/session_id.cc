#include "server/session/session_id.h"

#include <sys/random.h>

#include <cstdio>
#include <cstdlib>

#include "absl/strings/str_format.h"

namespace recurd {
namespace {

std::optional<uint64_t> ParseHex(absl::string_view digits) {
  uint64_t value = 0;
  for (char c : digits) {
    if (c >= '0' && c <= '9') {
      value = value << 4 | static_cast<uint64_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      value = value << 4 | static_cast<uint64_t>(c - 'a' + 10);
    } else {
      return std::nullopt;
    }
  }
  return value;
}

}  // namespace

SessionId SessionId::Random() {
  SessionId id;
  if (getrandom(&id, sizeof id, 0) != static_cast<ssize_t>(sizeof id)) {
    std::perror("recurd: getrandom");
    std::abort();
  }
  return id;
}

std::string SessionId::ToString() const { return absl::StrFormat("%016x%016x", hi, lo); }

std::optional<SessionId> SessionId::Parse(absl::string_view text) {
  if (text.size() != 32) return std::nullopt;
  const auto hi = ParseHex(text.substr(0, 16)), lo = ParseHex(text.substr(16));
  if (!hi || !lo) return std::nullopt;
  return SessionId{*hi, *lo};
}

}  // namespace recurd
