#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace recurd {

// Sessions are named in two ways:
//   32 lower-case hex digits   128 random bits, a bearer secret: whoever knows it may use the session
//   any other text             private to the identity that chose it

inline constexpr size_t kMaxSessionIdBytes = 128;

// A bearer secret from the kernel's random source. Aborts if there is none.
std::string RandomSessionId();
bool IsBearerSessionId(absl::string_view id);

// Whether a client may use `id`. Errors: INVALID_ARGUMENT naming what is wrong with it.
absl::Status CheckSessionId(absl::string_view id);

// What the sessions of all identities are told apart by, and the id within.
std::string SessionKey(absl::string_view identity, absl::string_view id);
absl::string_view SessionIdOf(absl::string_view key);

// The id for logs and messages to others: never a whole secret.
std::string ShownSessionId(absl::string_view id);

}  // namespace recurd
