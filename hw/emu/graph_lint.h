#ifndef RECURD_HW_EMU_GRAPH_LINT_H_
#define RECURD_HW_EMU_GRAPH_LINT_H_

#include <string>
#include <vector>

#include "hw/emu/graph_nodes.h"
#include "hw/emu/program_bytes.h"

namespace recurd {
namespace emu {

// Whether a graph fits the device of geometry.h, before anything runs or is compiled. One message a breach, with the
// number and the limit; empty: it fits as far as these checks see.
//   tiles of the array, one kernel a tile, places inside the array
//   interface tiles: columns that reach the PL, 128-bit PLIOs of a column each way, columns in all
//   streams into and out of a tile, and those that leave a switch to each side (graph_routes.h)
//   cascades: one into and one out of a tile, to the next tile only
//   packets: ways of a merge or split, ids in a merged stream, arbiters of a switch
//   data memory: stack, heap, and run-time parameters, counted twice (ping-pong) unless single_buffer()
//   program memory, as estimated for the kernel's source; a source without an estimate is a breach
// Not seen: memory banks, DMA channels and locks (nothing here uses buffers), ports of an arbiter. Source: geometry.h.
std::vector<std::string> LintGraph(const GraphNodes& graph,
                                   const std::vector<ProgramEstimate>& programs = ProgramEstimates());

// What the device allows and experience advises against.
std::vector<std::string> GraphNotes(const GraphNodes& graph);

// Bytes of data memory that a kernel takes in its tile.
int DataBytes(const Node& kernel);

}  // namespace emu
}  // namespace recurd

#endif  // RECURD_HW_EMU_GRAPH_LINT_H_
