#include "server/exporter/buckets.h"

#include <algorithm>
#include <array>

namespace recurd {
namespace {

constexpr std::array<int, 10> kPercentOfDecade = {100, 125, 160, 200, 250, 315, 400, 500, 630, 800};

int LastCellOf(int64_t edge_ns) {
  const int cell = LatencyHistogram::CellOf(edge_ns);
  const int64_t below = edge_ns - static_cast<int64_t>(LatencyHistogram::CellUpperNs(cell - 1));
  const int64_t above = static_cast<int64_t>(LatencyHistogram::CellUpperNs(cell)) - edge_ns;
  return above <= below ? cell : cell - 1;
}

}  // namespace

BucketLayout::BucketLayout(int64_t first_ns, int64_t last_ns) {
  for (int64_t decade_ns = first_ns; decade_ns <= last_ns; decade_ns *= 10) {
    for (int percent : kPercentOfDecade) {
      const int64_t edge_ns = decade_ns / 100 * percent;
      if (edge_ns <= last_ns) edges_.push_back({edge_ns, LastCellOf(edge_ns)});
    }
  }
}

BucketCounts BucketLayout::Read(const LatencyHistogram& histogram) const {
  BucketCounts out;
  std::array<uint64_t, LatencyHistogram::kCellCount> up_to;  // observations in this cell and all before it
  for (int cell = 0; cell < LatencyHistogram::kCellCount; ++cell) up_to[cell] = out.count += histogram.cell(cell);
  out.sum_ns = histogram.sum_ns();

  // The exact count was read after the cells. Bounding it by the cells around its edge keeps it one of them; bending
  // the grid to it, not it to the grid, keeps it exact.
  const int64_t exact_ns = std::max<int64_t>(histogram.exact_edge_ns(), 0);
  uint64_t within = 0;
  if (exact_ns > 0) {
    const int cell = LatencyHistogram::CellOf(exact_ns);
    within = std::clamp(histogram.within_edge(), up_to[cell - 1], up_to[cell]);
  }
  out.buckets.reserve(edges_.size() + 1);
  auto edge = edges_.begin();
  for (; edge != edges_.end() && edge->ns < exact_ns; ++edge) {
    out.buckets.push_back({edge->ns, std::min(up_to[edge->last_cell], within)});
  }
  if (exact_ns > 0) out.buckets.push_back({exact_ns, within});
  if (edge != edges_.end() && edge->ns == exact_ns) ++edge;
  for (; edge != edges_.end(); ++edge) out.buckets.push_back({edge->ns, std::max(up_to[edge->last_cell], within)});
  return out;
}

}  // namespace recurd
