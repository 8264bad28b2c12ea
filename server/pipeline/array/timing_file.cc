#include "server/pipeline/array/timing_file.h"

#include <fstream>

#include "absl/strings/str_cat.h"

namespace recurd::array {

absl::StatusOr<hw::Timing> ReadTiming(const std::string& path) {
  constexpr size_t kMaxBytes = 65536;
  hw::Timing timing;
  if (path.empty()) return timing;
  std::ifstream file(path, std::ios::binary);
  std::string text(kMaxBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(file.gcount()));
  if (!file.eof() && text.size() <= kMaxBytes) {
    return absl::NotFoundError(absl::StrCat("--timing_file=", path, ": can't be read"));
  }
  if (text.size() > kMaxBytes) {
    return absl::InvalidArgumentError(absl::StrCat("--timing_file=", path, ": has more than ", kMaxBytes, " bytes"));
  }
  const std::string wrong = hw::OverrideTiming(text, &timing);
  if (wrong.empty()) return timing;
  return absl::InvalidArgumentError(absl::StrCat("--timing_file=", path, ": ", wrong));
}

}  // namespace recurd::array
