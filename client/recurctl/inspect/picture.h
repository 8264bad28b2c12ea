#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "client/recurctl/inspect/report.h"

namespace recurd {

inline constexpr int kMaxDrawnNodes = 2000;
inline constexpr int kMaxDrawnEdges = 6000;

// The graph as an SVG: its nodes in layers, the data's way from top to bottom. What is folded into constants is left
// out; what only rearranges is small; a refused node is red and says why.
// Errors: INVALID_ARGUMENT with number and limit if the graph is too large to look at.
absl::StatusOr<std::string> InspectSvg(const InspectReport& report);

}  // namespace recurd
