#include "server/session/session_id.h"

#include <sys/random.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace recurd {
namespace {

constexpr size_t kBearerDigits = 32;

bool IsHexDigit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

}  // namespace

std::string RandomSessionId() {
  uint64_t bits[2];
  if (getrandom(bits, sizeof bits, 0) != static_cast<ssize_t>(sizeof bits)) {
    std::perror("recurd: getrandom");
    std::abort();
  }
  return absl::StrFormat("%016x%016x", bits[0], bits[1]);
}

bool IsBearerSessionId(absl::string_view id) {
  return id.size() == kBearerDigits && std::all_of(id.begin(), id.end(), &IsHexDigit);
}

absl::Status CheckSessionId(absl::string_view id) {
  if (id.empty() || id.size() > kMaxSessionIdBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("session_id has ", id.size(), " bytes; it may have 1 to ", kMaxSessionIdBytes));
  }
  if (!std::all_of(id.begin(), id.end(), [](char c) { return c >= 0x20 && c < 0x7f; })) {
    return absl::InvalidArgumentError("session_id may have printable ASCII characters only");
  }
  if (id.front() != '@') return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("session_id '", id, "' is a handle, which names a session to administrators; give its id"));
}

std::string SessionKey(absl::string_view identity, absl::string_view id) {
  if (IsBearerSessionId(id)) return std::string(id);
  return absl::StrCat(id, absl::string_view("\0", 1), identity);
}

absl::string_view SessionIdOf(absl::string_view key) { return key.substr(0, key.find('\0')); }

std::string ShownSessionId(absl::string_view id) {
  return IsBearerSessionId(id) ? absl::StrCat(id.substr(0, 6), "...") : absl::StrCat("'", id, "'");
}

}  // namespace recurd
