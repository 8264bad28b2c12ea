#include "hw/emu/graph_lint.h"

#include <map>
#include <set>
#include <utility>

#include "hw/config/geometry.h"

namespace recurd {
namespace emu {
namespace {

using Messages = std::vector<std::string>;

void AtMost(const std::string& what, int number, int limit, Messages* messages) {
  if (number <= limit) return;
  messages->push_back(what + ": " + std::to_string(number) + ", but the limit is " + std::to_string(limit));
}

std::string At(int column, int row) { return "(" + std::to_string(column) + "," + std::to_string(row) + ")"; }

int Streams(const std::vector<PortInfo>& ports) {
  int count = 0;
  for (const PortInfo& port : ports) count += port.kind != PortKind::kParameter;
  return count;
}

void LintTiles(const GraphNodes& graph, Messages* messages) {
  std::map<std::pair<int, int>, int> used;
  int kernels = 0;
  for (const auto& node : graph.nodes) {
    if (node->kind != Node::Kind::kKernel) continue;
    ++kernels;
    AtMost("streams into " + Describe(*node), Streams(node->ins), hw::kTileInStreams, messages);
    AtMost("streams out of " + Describe(*node), Streams(node->outs), hw::kTileOutStreams, messages);
    AtMost("bytes of data memory of " + Describe(*node), DataBytes(*node), hw::kTileDataBytes, messages);
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

// A merge takes an arbiter of the switch at its first sender's tile.
void LintPackets(const GraphNodes& graph, Messages* messages) {
  std::map<std::pair<int, int>, int> arbiters;
  for (const auto& node : graph.nodes) {
    if (node->kind != Node::Kind::kMerge && node->kind != Node::Kind::kSplit) continue;
    AtMost("ways of a packet " + Describe(*node), node->ways, hw::kMergeWays, messages);
  }
  for (const auto& edge : graph.edges) {
    if (edge->to->kind != Node::Kind::kMerge || edge->in != 0 || edge->from->column < 0) continue;
    const auto place = std::make_pair(edge->from->column, edge->from->row);
    AtMost("packet arbiters in the switch of tile " + At(place.first, place.second), ++arbiters[place],
           hw::kArbitersPerSwitch, messages);
  }
}

}  // namespace

int DataBytes(const Node& kernel) {
  int bytes = kernel.stack_bytes > 0 ? kernel.stack_bytes : hw::kDefaultStackBytes;
  bytes += kernel.heap_bytes > 0 ? kernel.heap_bytes : hw::kDefaultHeapBytes;
  for (const PortInfo& port : kernel.ins) {
    if (port.kind == PortKind::kParameter) bytes += 4 * port.words * 2;
  }
  return bytes;
}

std::vector<std::string> LintGraph(const GraphNodes& graph) {
  Messages messages;
  LintTiles(graph, &messages);
  LintPlios(graph, &messages);
  LintPackets(graph, &messages);
  return messages;
}

}  // namespace emu
}  // namespace recurd
