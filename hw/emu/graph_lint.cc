#include "hw/emu/graph_lint.h"

#include <map>
#include <set>
#include <utility>

#include "hw/config/geometry.h"
#include "hw/emu/graph_routes.h"

namespace recurd {
namespace emu {
namespace {

using Messages = std::vector<std::string>;

void AtMost(const std::string& what, int number, int limit, Messages* messages) {
  if (number <= limit) return;
  messages->push_back(what + ": " + std::to_string(number) + ", but the limit is " + std::to_string(limit));
}

std::string At(int column, int row) { return "(" + std::to_string(column) + "," + std::to_string(row) + ")"; }
std::string At(hw::Place place) { return At(place.column, place.row); }

int Streams(const std::vector<PortInfo>& ports) {
  int count = 0;
  for (const PortInfo& port : ports) count += port.kind == PortKind::kStream || port.kind == PortKind::kPacket;
  return count;
}
int Cascades(const std::vector<PortInfo>& ports) {
  int count = 0;
  for (const PortInfo& port : ports) count += port.kind == PortKind::kCascade;
  return count;
}

void LintProgram(const Node& kernel, const std::vector<ProgramEstimate>& programs, Messages* messages) {
  if (kernel.source.empty()) return;
  for (const ProgramEstimate& program : programs) {
    if (program.source != kernel.source) continue;
    AtMost("bytes of program memory of " + Describe(kernel), program.bytes + kMainProgramBytes, hw::kTileProgramBytes,
           messages);
    return;
  }
  messages->push_back("bytes of program memory of " + Describe(kernel) + ": unknown, but the limit is " +
                      std::to_string(hw::kTileProgramBytes) + "; estimate it in program_bytes.cc");
}

void LintTiles(const GraphNodes& graph, const std::vector<ProgramEstimate>& programs, Messages* messages) {
  std::map<std::pair<int, int>, int> used;
  int kernels = 0;
  for (const auto& node : graph.nodes) {
    if (node->kind != Node::Kind::kKernel) continue;
    ++kernels;
    AtMost("streams into " + Describe(*node), Streams(node->ins), hw::kTileInStreams, messages);
    AtMost("streams out of " + Describe(*node), Streams(node->outs), hw::kTileOutStreams, messages);
    AtMost("cascades into " + Describe(*node), Cascades(node->ins), hw::kTileCascades, messages);
    AtMost("cascades out of " + Describe(*node), Cascades(node->outs), hw::kTileCascades, messages);
    AtMost("bytes of data memory of " + Describe(*node), DataBytes(*node), hw::kTileDataBytes, messages);
    LintProgram(*node, programs, messages);
    if (node->column < 0) continue;
    AtMost("column of " + Describe(*node), node->column, hw::kColumns - 1, messages);
    AtMost("row of " + Describe(*node), node->row, hw::kRows - 1, messages);
    AtMost("kernels in tile " + At(node->column, node->row), ++used[{node->column, node->row}], 1, messages);
  }
  AtMost("tiles", kernels, hw::kTiles, messages);
}

void LintPlios(const GraphNodes& graph, Messages* messages) {
  std::map<int, int> ins, outs;
  std::set<int> columns;
  for (const auto& node : graph.nodes) {
    const bool in = node->kind == Node::Kind::kPlioIn;
    if (!in && node->kind != Node::Kind::kPlioOut) continue;
    const int column = node->column, last = hw::kFirstPlColumn + hw::kPlColumns - 1;
    if (column >= 0 && (column < hw::kFirstPlColumn || column > last)) {
      messages->push_back("PLIO " + node->name + " stands in column " + std::to_string(column) + ", but only columns " +
                          std::to_string(hw::kFirstPlColumn) + " to " + std::to_string(last) + " reach the PL");
    }
    columns.insert(column);
    if (column >= 0) ++(in ? ins : outs)[column];
  }
  for (const auto& [column, count] : ins) {
    AtMost("PLIOs from the PL in column " + std::to_string(column), count, hw::kPlioInPerColumn, messages);
  }
  for (const auto& [column, count] : outs) {
    AtMost("PLIOs to the PL in column " + std::to_string(column), count, hw::kPlioOutPerColumn, messages);
  }
  AtMost("interface tiles", static_cast<int>(columns.size()), hw::kPlColumns, messages);
}

// A cascade is a wire to the next tile.
void LintCascades(const GraphNodes& graph, Messages* messages) {
  for (const auto& edge : graph.edges) {
    if (edge->kind != PortKind::kCascade || edge->from->column < 0 || edge->to->column < 0) continue;
    const hw::Place to = PlaceOf(graph, *edge->to), next = hw::CascadeNext(PlaceOf(graph, *edge->from));
    if (to == next) continue;
    messages->push_back("cascade of " + Describe(*edge->from) + " to tile " + At(to) + ", but the limit is the next, " +
                        At(next));
  }
}

// Streams that share what leaves a merge need an id each, merges of merges included.
int PacketIds(const GraphNodes& graph, const Node& node) {
  if (node.kind != Node::Kind::kMerge) return 1;
  int ids = 0;
  for (const auto& edge : graph.edges) ids += edge->to == &node ? PacketIds(graph, *edge->from) : 0;
  return ids;
}

void LintPackets(const GraphNodes& graph, Messages* messages) {
  for (const auto& node : graph.nodes) {
    if (node->kind != Node::Kind::kMerge && node->kind != Node::Kind::kSplit) continue;
    AtMost("ways of a packet " + Describe(*node), node->ways, hw::kMergeWays, messages);
    AtMost("packet ids in " + Describe(*node), PacketIds(graph, *node), 1 << hw::kPacketIdBits, messages);
  }
}

}  // namespace

int DataBytes(const Node& kernel) {
  int bytes = kernel.stack_bytes > 0 ? kernel.stack_bytes : hw::kDefaultStackBytes;
  bytes += kernel.heap_bytes > 0 ? kernel.heap_bytes : hw::kDefaultHeapBytes;
  for (const PortInfo& port : kernel.ins) {
    if (port.kind == PortKind::kParameter) bytes += 4 * port.words * (port.single ? 1 : 2);
  }
  return bytes;
}

std::vector<std::string> LintGraph(const GraphNodes& graph, const std::vector<ProgramEstimate>& programs) {
  Messages messages;
  LintTiles(graph, programs, &messages);
  LintPlios(graph, &messages);
  LintCascades(graph, &messages);
  LintPackets(graph, &messages);
  const Messages routes = LintRoutes(graph);
  messages.insert(messages.end(), routes.begin(), routes.end());
  return messages;
}

std::vector<std::string> GraphNotes(const GraphNodes& graph) {
  Messages notes;
  for (const auto& node : graph.nodes) {
    if (node->kind != Node::Kind::kMerge || node->ways != hw::kMergeWays) continue;
    notes.push_back("ways of a packet " + Describe(*node) + ": " + std::to_string(node->ways) +
                    "; the author of arXiv 2511.15626 met a fault beyond 31");
  }
  return notes;
}

}  // namespace emu
}  // namespace recurd
