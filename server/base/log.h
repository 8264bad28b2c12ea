#pragma once

#include <string>

#include "absl/status/status.h"

namespace recurd {

// One line to standard error, with time and level. Never on the hot path.
// Threads: any.
void LogInfo(const std::string& message);
void LogWarning(const std::string& message);
void LogError(const std::string& message);

// "debug", "info", "warning", "error" or "off". Errors: INVALID_ARGUMENT naming the choices.
absl::Status SetLogLevel(const std::string& level);

}  // namespace recurd
