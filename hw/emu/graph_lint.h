#ifndef RECURD_HW_EMU_GRAPH_LINT_H_
#define RECURD_HW_EMU_GRAPH_LINT_H_

#include <string>
#include <vector>

#include "hw/emu/graph_nodes.h"

namespace recurd {
namespace emu {

// Whether a graph fits the device of geometry.h, before anything runs or is compiled. One message a breach, with the
// number and the limit; empty: it fits as far as these checks see.
//   tiles of the array, one kernel a tile, places inside the array
//   interface tiles: columns that reach the PL, 128-bit PLIOs of a column each way, columns in all
//   streams into and out of a tile; ways of a merge or split; merges whose arbiters share a switch
//   data memory: stack, heap, and run-time parameters, arrays counted twice (ping-pong)
// Not seen: program memory, routing, and the streams that pass a switch without ending there. Source: geometry.h.
std::vector<std::string> LintGraph(const GraphNodes& graph);

// Bytes of data memory that a kernel takes in its tile.
int DataBytes(const Node& kernel);

}  // namespace emu
}  // namespace recurd

#endif  // RECURD_HW_EMU_GRAPH_LINT_H_
