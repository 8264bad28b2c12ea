#include "client/recurctl/inspect/layout.h"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"

namespace recurd {
namespace {

constexpr double kRankGap = 44, kNodeGap = 28, kEdgeWidth = 14;
constexpr int kSweepCount = 12;
constexpr int kMaxBends = 20000;

// A node, or the place where an edge goes through a rank.
struct Item {
  double width = kEdgeWidth;
  double x = 0;
  int rank = 0;
  std::vector<int> above, below;
  bool is_bend = false;
};

// The places with the smallest sum of squared moves from `wanted` that lie at least `gaps[i]` behind the one before:
// isotonic regression by pooling neighbours that collide.
std::vector<double> Separated(const std::vector<double>& wanted, const std::vector<double>& gaps) {
  struct Pool {
    double sum;
    int count;
    double mean() const { return sum / count; }
  };
  std::vector<double> shift(wanted.size(), 0);
  std::vector<Pool> pools;
  for (size_t i = 0; i < wanted.size(); ++i) {
    shift[i] = i == 0 ? 0 : shift[i - 1] + gaps[i];
    pools.push_back({wanted[i] - shift[i], 1});
    while (pools.size() > 1 && pools[pools.size() - 2].mean() > pools.back().mean()) {
      const Pool last = pools.back();
      pools.pop_back();
      pools.back().sum += last.sum;
      pools.back().count += last.count;
    }
  }
  std::vector<double> places;
  for (const Pool& pool : pools) {
    for (int i = 0; i < pool.count; ++i) places.push_back(pool.mean() + shift[places.size()]);
  }
  return places;
}

class Placer {
 public:
  explicit Placer(GraphLayout* layout) : layout_(*layout) {}

  absl::Status Place() {
    if (layout_.nodes.empty()) return absl::OkStatus();
    Rank();
    RECURD_RETURN_IF_ERROR(AddItems());
    for (int sweep = 0; sweep < kSweepCount; ++sweep) Order(sweep % 2 == 0);
    for (int sweep = 0; sweep < kSweepCount; ++sweep) Settle(sweep % 2 == 0);
    Settle(true);
    SetNodes();
    Route();
    return absl::OkStatus();
  }

 private:
  // As far up as its inputs let it; what has none stands right above its first user.
  void Rank() {
    std::vector<bool> has_input(layout_.nodes.size(), false);
    std::vector<std::vector<int>> users(layout_.nodes.size());
    for (const LayoutEdge& edge : layout_.edges) users[edge.from].push_back(edge.to);
    for (size_t node = 0; node < users.size(); ++node) {
      for (const int user : users[node]) {
        has_input[user] = true;
        layout_.nodes[user].rank = std::max(layout_.nodes[user].rank, layout_.nodes[node].rank + 1);
      }
    }
    for (size_t node = 0; node < users.size(); ++node) {
      if (has_input[node] || users[node].empty()) continue;
      int first = std::numeric_limits<int>::max();
      for (const int user : users[node]) first = std::min(first, layout_.nodes[user].rank);
      layout_.nodes[node].rank = first - 1;
    }
    int ranks = 0;
    for (const LayoutNode& node : layout_.nodes) ranks = std::max(ranks, node.rank + 1);
    ranks_.resize(ranks);
  }

  int Add(Item item) {
    const int number = static_cast<int>(items_.size());
    ranks_[item.rank].push_back(number);
    items_.push_back(std::move(item));
    return number;
  }
  void Join(int above, int below) {
    items_[above].below.push_back(below);
    items_[below].above.push_back(above);
  }

  absl::Status AddItems() {
    for (const LayoutNode& node : layout_.nodes) Add({.width = node.width, .rank = node.rank});
    int64_t bends = 0;
    for (const LayoutEdge& edge : layout_.edges) {
      bends += layout_.nodes[edge.to].rank - layout_.nodes[edge.from].rank - 1;
    }
    if (bends > kMaxBends) {
      return absl::InvalidArgumentError(absl::StrCat("its edges cross ", bends, " ranks; the limit is ", kMaxBends));
    }
    for (const LayoutEdge& edge : layout_.edges) {
      std::vector<int> chain = {edge.from};
      for (int rank = layout_.nodes[edge.from].rank + 1; rank < layout_.nodes[edge.to].rank; ++rank) {
        chain.push_back(Add({.rank = rank, .is_bend = true}));
        Join(chain[chain.size() - 2], chain.back());
      }
      Join(chain.back(), edge.to);
      chain.push_back(edge.to);
      chains_.push_back(std::move(chain));
    }
    for (size_t rank = 0; rank < ranks_.size(); ++rank) Count(static_cast<int>(rank));
    return absl::OkStatus();
  }

  // Numbers the items of a rank from the left, as provisional places.
  void Count(int rank) {
    double x = 0;
    for (const int item : ranks_[rank]) {
      items_[item].x = x + items_[item].width / 2;
      x += items_[item].width + kNodeGap;
    }
  }

  // The mean of its neighbours' places. Bends count more, so that long edges come out straight; what only gives counts
  // less, so that a chain of nodes does.
  double Wanted(const Item& item, bool from_above) const {
    double sum = 0, weight = 0;
    for (const int number : from_above ? item.above : item.below) {
      const Item& neighbour = items_[number];
      const double w = item.is_bend && neighbour.is_bend ? 4 : from_above && neighbour.above.empty() ? 0.01 : 1;
      sum += w * neighbour.x;
      weight += w;
    }
    return weight == 0 ? item.x : sum / weight;
  }

  template <typename Visit>
  void ForRanks(bool downward, Visit visit) {
    const int count = static_cast<int>(ranks_.size());
    for (int i = 0; i < count; ++i) visit(downward ? i : count - 1 - i);
  }

  void Order(bool downward) {
    ForRanks(downward, [&](int rank) {
      std::map<int, double> wanted;
      for (const int item : ranks_[rank]) wanted[item] = Wanted(items_[item], downward);
      std::stable_sort(ranks_[rank].begin(), ranks_[rank].end(), [&](int a, int b) { return wanted[a] < wanted[b]; });
      Count(rank);
    });
  }

  void Settle(bool downward) {
    ForRanks(downward, [&](int rank) {
      std::vector<double> wanted, gaps;
      const Item* before = nullptr;
      for (const int number : ranks_[rank]) {
        const Item& item = items_[number];
        wanted.push_back(Wanted(item, downward));
        const bool two_edges = before != nullptr && before->is_bend && item.is_bend;
        gaps.push_back(before == nullptr ? 0 : (before->width + item.width) / 2 + (two_edges ? kEdgeWidth : kNodeGap));
        before = &item;
      }
      const std::vector<double> places = Separated(wanted, gaps);
      for (size_t i = 0; i < places.size(); ++i) items_[ranks_[rank][i]].x = places[i];
    });
  }

  void SetNodes() {
    double left = std::numeric_limits<double>::max(), right = -left;
    for (const Item& item : items_) {
      left = std::min(left, item.x - item.width / 2);
      right = std::max(right, item.x + item.width / 2);
    }
    for (Item& item : items_) item.x -= left;
    layout_.width = right - left;
    std::vector<double> heights(ranks_.size(), 0);
    for (const LayoutNode& node : layout_.nodes) heights[node.rank] = std::max(heights[node.rank], node.height);
    double y = 0;
    for (const double height : heights) {
      tops_.push_back(y);
      bottoms_.push_back(y + height);
      y += height + kRankGap;
    }
    layout_.height = y - kRankGap;
    for (size_t i = 0; i < layout_.nodes.size(); ++i) {
      LayoutNode& node = layout_.nodes[i];
      node.x = items_[i].x;
      node.y = (tops_[node.rank] + bottoms_[node.rank]) / 2;
    }
  }

  // Where along a node's side its edges meet it: in the order of where they come from.
  std::map<std::pair<int, int>, double> Ports(bool upper_side) const {
    std::map<int, std::vector<std::pair<double, int>>> ends;
    for (size_t i = 0; i < chains_.size(); ++i) {
      const std::vector<int>& chain = chains_[i];
      const int node = upper_side ? chain.back() : chain.front();
      const int next = upper_side ? chain[chain.size() - 2] : chain[1];
      ends[node].emplace_back(items_[next].x, static_cast<int>(i));
    }
    std::map<std::pair<int, int>, double> ports;
    for (auto& [node, list] : ends) {
      std::sort(list.begin(), list.end());
      const double pitch = std::min(24.0, items_[node].width * 0.7 / static_cast<double>(list.size()));
      double x = items_[node].x - pitch * (static_cast<double>(list.size()) - 1) / 2;
      for (const auto& end : list) {
        ports[{node, end.second}] = x;
        x += pitch;
      }
    }
    return ports;
  }

  void Route() {
    const auto starts = Ports(false), ends = Ports(true);
    for (size_t i = 0; i < chains_.size(); ++i) {
      LayoutEdge& edge = layout_.edges[i];
      const int number = static_cast<int>(i);
      const LayoutNode& from = layout_.nodes[edge.from];
      const LayoutNode& to = layout_.nodes[edge.to];
      edge.route = {{starts.at({edge.from, number}), from.y + from.height / 2}};
      for (size_t j = 1; j + 1 < chains_[i].size(); ++j) {
        const Item& bend = items_[chains_[i][j]];
        edge.route.push_back({bend.x, tops_[bend.rank]});
        edge.route.push_back({bend.x, bottoms_[bend.rank]});
      }
      edge.route.push_back({ends.at({edge.to, number}), to.y - to.height / 2});
    }
  }

  GraphLayout& layout_;
  std::vector<Item> items_;  // the nodes first
  std::vector<std::vector<int>> ranks_;
  std::vector<std::vector<int>> chains_;  // of each edge: its ends and the bends between
  std::vector<double> tops_, bottoms_;    // of each rank
};

}  // namespace

absl::Status PlaceGraph(GraphLayout* layout) { return Placer(layout).Place(); }

}  // namespace recurd
