#pragma once

#include <bit>
#include <cstdint>

#include "absl/types/span.h"

namespace recurd {

// Whether no value is a NaN or an infinity. Looks at exponents as integers, so that it vectorizes and holds whatever
// the thread's floating-point mode is.
inline bool AllFinite(absl::Span<const float> values) {
  uint32_t bad = 0;
  for (float v : values) bad |= (std::bit_cast<uint32_t>(v) & 0x7f800000u) == 0x7f800000u;
  return bad == 0;
}

}  // namespace recurd
