#pragma once

#include <vector>

#include "absl/status/status.h"

namespace recurd {

// A drawing of an acyclic graph in layers: each node stands below all that it needs. Longest-path ranks, barycentre
// ordering (Sugiyama, Tagawa and Toda 1981), and places that are nearest to their neighbours' middle under the given
// order. Lengths in pixels.
struct LayoutNode {
  double width = 0, height = 0;
  int rank = 0;
  double x = 0, y = 0;  // its middle
};
struct LayoutPoint {
  double x, y;
};
struct LayoutEdge {
  int from, to;                    // nodes; from < to
  std::vector<LayoutPoint> route;  // from the lower side of `from` to the upper side of `to`
};
struct GraphLayout {
  std::vector<LayoutNode> nodes;
  std::vector<LayoutEdge> edges;
  double width = 0, height = 0;
};

// Places nodes and routes edges; widths, heights and ends are given. Ranks are no more than nodes.
// Errors: INVALID_ARGUMENT if edges cross more ranks than a picture can show.
absl::Status PlaceGraph(GraphLayout* layout);

}  // namespace recurd
