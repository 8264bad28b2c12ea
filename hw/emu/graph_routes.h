#ifndef RECURD_HW_EMU_GRAPH_ROUTES_H_
#define RECURD_HW_EMU_GRAPH_ROUTES_H_

#include <string>
#include <vector>

#include "hw/config/geometry.h"
#include "hw/emu/graph_nodes.h"

namespace recurd {
namespace emu {

// Where a node stands: as the graph says; a merge or split that isn't placed stands with what feeds its first input.
// Column -1: nowhere yet.
hw::Place PlaceOf(const GraphNodes& graph, const Node& node);

// Whether the streams find their way: a switch passes so many streams to each side, also those that don't end there,
// and joins packet streams in so many arbiters. One message a breach, with the number and the limit.
// Nets are laid one after the other, as a trunk along one row with branches up and down its columns; the first row with
// room is taken. A stream to several tiles counts once a switch. So do the ways of a merge from where they join: an
// arbiter there, and one where the merge stands; a split takes one as well. Nets that find no room come first in
// another attempt, eight times. An empty answer is a routing; a breach says that this search found none. Nets of nodes
// without a place are left out.
std::vector<std::string> LintRoutes(const GraphNodes& graph);

}  // namespace emu
}  // namespace recurd

#endif  // RECURD_HW_EMU_GRAPH_ROUTES_H_
