#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace recurd {

// Which columns a list chooses: names and ranges of numbered names, "a,b,p0-p7". An empty list chooses all but
// `left_out`. Errors: INVALID_ARGUMENT naming what there isn't, and what there is.
absl::StatusOr<std::vector<int>> ChooseColumns(const std::vector<std::string>& names, const std::string& list,
                                               const std::string& left_out);

}  // namespace recurd
