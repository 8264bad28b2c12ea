#include "hw/emu/graph_routes.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <tuple>
#include <utility>

namespace recurd {
namespace emu {
namespace {

constexpr int kShimRow = -1;
constexpr int kAttempts = 8;

enum class Side { kNorth, kSouth, kEast, kWest };
// Column and row of a switch, and the side by which a stream leaves it.
using Link = std::tuple<int, int, Side>;
using Links = std::set<Link>;
using Load = std::map<Link, int>;

int Limit(Side side) {
  return side == Side::kNorth ? hw::kSwitchNorth : side == Side::kSouth ? hw::kSwitchSouth : hw::kSwitchSide;
}
const char* Name(Side side) {
  return side == Side::kNorth ? "north" : side == Side::kSouth ? "south" : side == Side::kEast ? "east" : "west";
}

void Climb(int column, int from, int to, Links* links) {
  for (; from < to; ++from) links->insert({column, from, Side::kNorth});
  for (; from > to; --from) links->insert({column, from, Side::kSouth});
}

// From one tile to others, over a trunk in row `trunk`.
Links Route(hw::Place from, const std::vector<hw::Place>& to, int trunk) {
  Links links;
  Climb(from.column, from.row, trunk, &links);
  for (const hw::Place& end : to) {
    for (int column = from.column; column < end.column; ++column) links.insert({column, trunk, Side::kEast});
    for (int column = from.column; column > end.column; --column) links.insert({column, trunk, Side::kWest});
    Climb(end.column, trunk, end.row, &links);
  }
  return links;
}

bool HasRoom(const Load& load, const Links& links) {
  return std::all_of(links.begin(), links.end(), [&](const Link& link) {
    const auto used = load.find(link);
    return used == load.end() || used->second < Limit(std::get<Side>(link));
  });
}

// The rows nearest to `row` first.
std::vector<int> Trunks(int row) {
  std::vector<int> rows;
  for (int trunk = kShimRow; trunk < hw::kRows; ++trunk) rows.push_back(trunk);
  std::stable_sort(rows.begin(), rows.end(), [row](int a, int b) { return std::abs(a - row) < std::abs(b - row); });
  return rows;
}

// Where a link leads, and by which side its way back leaves.
Link Back(const Link& link) {
  const auto [column, row, side] = link;
  switch (side) {
    case Side::kNorth:
      return {column, row + 1, Side::kSouth};
    case Side::kSouth:
      return {column, row - 1, Side::kNorth};
    case Side::kEast:
      return {column + 1, row, Side::kWest};
    case Side::kWest:
      break;
  }
  return {column - 1, row, Side::kEast};
}

// One sender and its receivers; or, `joins`, one merge and its senders.
struct Net {
  hw::Place from;
  std::vector<hw::Place> to;
  bool joins;
};

class Router {
 public:
  // Whether there was room.
  bool Lay(const Net& net) {
    bool found = false;
    Links taken = Way(net, net.from.row);
    for (const int trunk : Trunks(net.from.row)) {
      Links links = Way(net, trunk);
      if (!HasRoom(load_, links)) continue;
      taken = std::move(links);
      found = true;
      break;
    }
    for (const Link& link : taken) ++load_[link];
    if (net.joins) Join(net, taken);
    return found;
  }
  void TakeArbiter(hw::Place place) { ++arbiters_[{place.column, place.row}]; }

  std::vector<std::string> Breaches() const {
    std::vector<std::string> messages;
    for (const auto& [link, count] : load_) {
      const auto [column, row, side] = link;
      if (count <= Limit(side)) continue;
      messages.push_back("streams out of the switch of " + Tile(column, row) + " to the " + Name(side) + ": " +
                         std::to_string(count) + ", but the limit is " + std::to_string(Limit(side)));
    }
    for (const auto& [place, count] : arbiters_) {
      if (count <= hw::kArbitersPerSwitch) continue;
      messages.push_back("packet arbiters in the switch of " + Tile(place.first, place.second) + ": " +
                         std::to_string(count) + ", but the limit is " + std::to_string(hw::kArbitersPerSwitch));
    }
    return messages;
  }

 private:
  static Links Way(const Net& net, int trunk) {
    Links links = Route(net.from, net.to, trunk);
    if (!net.joins) return links;
    Links back;
    for (const Link& link : links) back.insert(Back(link));
    return back;
  }
  static std::string Tile(int column, int row) {
    return row == kShimRow ? "interface tile " + std::to_string(column)
                           : "tile (" + std::to_string(column) + "," + std::to_string(row) + ")";
  }

  // Streams that meet on their way to the merge.
  void Join(const Net& net, const Links& links) {
    std::map<std::pair<int, int>, int> arriving;
    for (const hw::Place& sender : net.to) ++arriving[{sender.column, sender.row}];
    for (const Link& link : links) {
      const auto [column, row, side] = Back(link);
      ++arriving[{column, row}];
    }
    for (const auto& [place, count] : arriving) {
      const bool at_merge = place == std::make_pair(net.from.column, net.from.row);
      if (count > 1 && !at_merge) ++arbiters_[place];
    }
  }

  Load load_;
  std::map<std::pair<int, int>, int> arbiters_;
};

bool Inside(hw::Place place) { return place.column >= 0 && place.column < hw::kColumns && place.row < hw::kRows; }

}  // namespace

hw::Place PlaceOf(const GraphNodes& graph, const Node& node) {
  if (node.kind == Node::Kind::kPlioIn || node.kind == Node::Kind::kPlioOut) return {node.column, kShimRow};
  if (node.kind == Node::Kind::kKernel || node.column >= 0) return {node.column, node.row};
  for (const auto& edge : graph.edges) {
    if (edge->to == &node && edge->in == 0) return PlaceOf(graph, *edge->from);
  }
  return {-1, kShimRow};
}

std::vector<std::string> LintRoutes(const GraphNodes& graph) {
  std::vector<std::pair<const Node*, int>> order;  // nets as they were declared
  std::map<std::pair<const Node*, int>, Net> nets;
  for (const auto& edge : graph.edges) {
    if (edge->kind != PortKind::kStream && edge->kind != PortKind::kPacket) continue;
    hw::Place from = PlaceOf(graph, *edge->from), to = PlaceOf(graph, *edge->to);
    if (!Inside(from) || !Inside(to)) continue;
    const bool joins = edge->to->kind == Node::Kind::kMerge;
    const std::pair<const Node*, int> key(joins ? edge->to : edge->from, joins ? -1 : edge->out);
    if (joins) std::swap(from, to);
    const auto [net, is_new] = nets.insert({key, {from, {}, joins}});
    if (is_new) order.push_back(key);
    net->second.to.push_back(to);
  }
  std::vector<std::string> breaches;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    Router router;
    std::vector<std::pair<const Node*, int>> laid, left_over;
    for (const auto& key : order) (router.Lay(nets[key]) ? laid : left_over).push_back(key);
    for (const auto& node : graph.nodes) {
      if (node->kind != Node::Kind::kMerge && node->kind != Node::Kind::kSplit) continue;
      if (const hw::Place place = PlaceOf(graph, *node); Inside(place)) router.TakeArbiter(place);
    }
    breaches = router.Breaches();
    if (left_over.empty()) break;
    order = std::move(left_over);
    order.insert(order.end(), laid.begin(), laid.end());
  }
  return breaches;
}

}  // namespace emu
}  // namespace recurd
