#include "server/session/state_image.h"

#include <bit>
#include <cstring>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/base/crc32c.h"
#include "server/session/finite.h"

namespace recurd {

static_assert(std::endian::native == std::endian::little, "states travel little-endian");

namespace {

// A client's string as an error message may carry it.
std::string Shown(const std::string& text) { return absl::CHexEscape(text.substr(0, 64)); }

}  // namespace

uint32_t StateChecksum(uint32_t format, uint64_t step, absl::Span<const float> values) {
  uint32_t crc = Crc32c(&format, sizeof format);
  crc = Crc32c(&step, sizeof step, crc);
  return Crc32c(values.data(), values.size() * sizeof(float), crc);
}

StateImage StateImage::Seal(const Model& model, const std::string& profile, uint64_t step,
                            absl::Span<const float> state) {
  return {.model_fingerprint = model.fingerprint,
          .numerics_profile = profile,
          .step = step,
          .values = {state.begin(), state.end()},
          .crc32c = StateChecksum(kFormat, step, state)};
}

absl::Status StateImage::Check(const Model& model, const std::string& profile, bool allow_profile_change) const {
  if (format != kFormat) {
    return absl::InvalidArgumentError(
        absl::StrCat("state has format ", format, "; this server knows format ", kFormat));
  }
  if (model_fingerprint != model.fingerprint) {
    return absl::FailedPreconditionError(absl::StrCat("state belongs to the model with fingerprint '",
                                                      Shown(model_fingerprint), "'; '", model.name, "' version ",
                                                      model.version, " has '", model.fingerprint, "'"));
  }
  if (values.size() != model.initial_state.size()) {
    return absl::InvalidArgumentError(absl::StrCat("state has ", values.size(), " values; model '", model.name,
                                                   "' has ", model.initial_state.size()));
  }
  if (const uint32_t sum = StateChecksum(format, step, values); sum != crc32c) {
    return absl::InvalidArgumentError(
        absl::StrFormat("state's checksum is %08x, its content has %08x: it was damaged on the way", crc32c, sum));
  }
  if (!AllFinite(values)) return absl::InvalidArgumentError("state holds a NaN or an infinity");
  if (numerics_profile != profile && !allow_profile_change) {
    return absl::FailedPreconditionError(
        absl::StrCat("state was made under numerics profile '", Shown(numerics_profile), "', this server computes '",
                     profile, "': set allow_profile_change to accept outputs that may differ in their last bits"));
  }
  return absl::OkStatus();
}

}  // namespace recurd
