#pragma once

namespace recurd {

inline constexpr char kVersion[] = "0.1.0";
// Raised with each addition to recurd.v1.
inline constexpr unsigned kApiMinor = 6;

}  // namespace recurd
