#pragma once

#include <vector>

#include "server/numeric/ops.h"
#include "tests/bench/cpu/peers/peer.h"

namespace recurd::bench {

struct Size {
  int input, hidden;
};

// A layer with arbitrary weights within 1 / sqrt(hidden) of zero, as PyTorch begins one, and inputs within 1.
class Problem {
 public:
  Problem(LayerCell cell, Size size, int steps);
  Problem(const Problem&) = delete;

  const Layer& layer() const { return layer_; }
  Cell CellOf(WeightStorage storage) const;
  double weight_bytes() const { return sizeof(float) * static_cast<double>(weights_.size() + recurrent_.size()); }

  // The largest error of at least 100 steps that the runner makes from zero state, against plain loops in double
  // precision. The runner is one that has not run.
  double ErrorOf(Runner& runner) const;

 private:
  std::vector<float> weights_, recurrent_, input_bias_, recurrent_bias_, inputs_;
  Layer layer_;
  std::vector<double> expected_;  // [kCheckedRuns][steps][hidden]
};

}  // namespace recurd::bench
