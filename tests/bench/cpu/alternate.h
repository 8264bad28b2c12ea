#pragma once

#include <vector>

#include "tests/bench/cpu/peers/peer.h"

namespace recurd::bench {

// Times by the thread's CPU clock of blocks that two runners took by turns, a pair each. ns a step.
struct Timed {
  std::vector<double> ours, theirs;

  // Of all pairs' theirs / ours.
  double Ratio(double q = 0.5) const;
  bool empty() const { return ours.empty(); }
};

struct BlockOptions {
  int pairs = 201;
  double block_ns = 600'000;
};

// How many steps a run of each has. A block is as many runs as fill its time, behind one that is not timed: it brings
// back what the other runner's block drove out of the caches.
Timed Alternate(Runner& ours, int our_steps, Runner& theirs, int their_steps, const BlockOptions& options);

// The value that a share q of `values` is not above.
double Quantile(std::vector<double> values, double q);

}  // namespace recurd::bench
