#include "server/numeric/narrow.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace recurd {
namespace {

struct NamedStorage {
  const char* name;
  WeightStorage storage;
};
constexpr NamedStorage kNames[] = {
    {"fp32", WeightStorage::kFp32}, {"bf16", WeightStorage::kBf16}, {"int8", WeightStorage::kInt8}};

}  // namespace

float RoundToBf16(float weight) {
  constexpr uint32_t kSign = 0x80000000, kLargest = 0x7f7f0000;
  const auto bits = std::bit_cast<uint32_t>(weight);
  const uint32_t tie_to_even = bits >> 16 & 1;
  const uint32_t magnitude = ((bits & ~kSign) + 0x7fff + tie_to_even) & 0xffff0000;
  return std::bit_cast<float>((bits & kSign) | std::min(magnitude, kLargest));
}

ScaledBytes Quantize(const float* values, int size) {
  ScaledBytes quantized{.bytes = std::vector<int8_t>(size)};
  float max = 0;
  for (int i = 0; i < size; ++i) {
    if (!std::isfinite(values[i])) {
      quantized.scale = std::numeric_limits<float>::quiet_NaN();
      return quantized;
    }
    max = std::max(max, std::fabs(values[i]));
  }
  if (max < kSmallestMax) return quantized;
  quantized.scale = max / 127;
  const float inverse = 127 / max;
  for (int i = 0; i < size; ++i) quantized.bytes[i] = static_cast<int8_t>(std::nearbyint(values[i] * inverse));
  return quantized;
}

const char* NameOf(WeightStorage storage) { return kNames[static_cast<int>(storage)].name; }

std::optional<WeightStorage> FindWeightStorage(std::string_view name) {
  for (const NamedStorage& named : kNames) {
    if (named.name == name) return named.storage;
  }
  return std::nullopt;
}

}  // namespace recurd
