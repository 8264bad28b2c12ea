#pragma once

#include <cstdint>
#include <vector>

#include "server/base/counters.h"

namespace recurd {

// Cumulative counts as Prometheus wants them: `count` observations were at most `edge_ns` long.
struct Bucket {
  int64_t edge_ns;
  uint64_t count;
};
struct BucketCounts {
  std::vector<Bucket> buckets;  // ascending edges, counts never fall; the +Inf bucket is `count`
  uint64_t count = 0;
  uint64_t sum_ns = 0;
};

// Ten edges a decade: 1, 1.25, 1.6, 2, 2.5, 3.15, 4, 5, 6.3 and 8 times a power of ten. A quantile interpolated between
// two of them is off by 28 % of its value at the very most.
//
// Accuracy: a grid edge counts whole cells of the histogram, up to the cell boundary nearest to it. That boundary is
// within 1/64 (1.6 %) of the edge, so an observation nearer than that to an edge may count on its other side. The
// histogram's exact edge has a bucket of its own, counted to the nanosecond.
//
// Threads: Read any. The histogram's writer may be between any two stores: the counts never fall from one bucket to the
// next nor from one Read to a later one, and `count` is the sum of the very cells that the buckets were made of.
class BucketLayout {
 public:
  // Edges from `first_ns` to `last_ns`, both included; powers of ten, at least 100 ns.
  BucketLayout(int64_t first_ns, int64_t last_ns);

  BucketCounts Read(const LatencyHistogram& histogram) const;

 private:
  struct Edge {
    int64_t ns;
    int last_cell;  // counts cells [0, last_cell]
  };
  std::vector<Edge> edges_;
};

}  // namespace recurd
