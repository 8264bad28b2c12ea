#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "server/model/model.h"

namespace recurd {

// A state on its way between servers: recurd.v1.State without the wire.
struct StateImage {
  static constexpr uint32_t kFormat = 1;

  uint32_t format = kFormat;
  std::string model_fingerprint;
  std::string numerics_profile;
  uint64_t step = 0;
  std::vector<float> values;
  uint32_t crc32c = 0;

  // An image of `state` after `step` steps, with its checksum.
  static StateImage Seal(const Model& model, const std::string& profile, uint64_t step, absl::Span<const float> state);

  // Whether a session of `model` on `profile` may continue from this image.
  // Errors: INVALID_ARGUMENT (format, length, checksum, NaN or infinity), FAILED_PRECONDITION (another model; another
  // profile unless allowed).
  absl::Status Check(const Model& model, const std::string& profile, bool allow_profile_change) const;
};

// CRC-32C over format, step and values as recurd.v1.State defines it.
uint32_t StateChecksum(uint32_t format, uint64_t step, absl::Span<const float> values);

}  // namespace recurd
