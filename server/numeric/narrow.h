#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "server/numeric/ops.h"

namespace recurd {

// How matrices whose weights are stored in fewer bits are rounded, and what they are multiplied with (profile.h).

// To the nearest bfloat16, ties to even; what would round to infinity becomes the largest one. The upper 16 bits of the
// result are the bfloat16. Precondition: finite.
float RoundToBf16(float weight);

// Bytes with one scale: value[i] is about scale * bytes[i], |bytes[i]| <= 127.
struct ScaledBytes {
  float scale = 0;
  std::vector<int8_t> bytes;
};
// scale = max / 127, bytes[i] = value[i] * (127 / max) rounded to nearest, ties to even; max is the largest magnitude.
// Below kSmallestMax all is zero. If a value isn't finite the scale is NaN and the bytes mean nothing.
ScaledBytes Quantize(const float* values, int size);
inline constexpr float kSmallestMax = 0x1p-100f;

// The names in a model's configuration: fp32, bf16, int8.
const char* NameOf(WeightStorage storage);
std::optional<WeightStorage> FindWeightStorage(std::string_view name);

// Matrices of more columns aren't stored as bytes: a product keeps x's on the stack.
inline constexpr int kMaxInt8Columns = 1 << 14;

}  // namespace recurd
