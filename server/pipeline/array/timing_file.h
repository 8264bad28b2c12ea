#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "hw/config/timing.h"

namespace recurd::array {

// The constants of the timing model with the overrides of --timing_file=`path`, one `name = cycles` a line
// (hw/config/timing.h); "": none.
// Errors: NOT_FOUND for a file that can't be read, INVALID_ARGUMENT naming its faulty line.
absl::StatusOr<hw::Timing> ReadTiming(const std::string& path);

}  // namespace recurd::array
