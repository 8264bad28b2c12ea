#pragma once

#include <string>

namespace recurd::bench {

// Leaves so many sessions of "digits" at the daemon, to which nobody was ever attached. Throws std::runtime_error if a
// call fails.
void ImportSessions(const std::string& address, int count);

}  // namespace recurd::bench
