#include "tests/bench/cpu/alternate.h"

#include <time.h>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace recurd::bench {
namespace {

double CpuNs() {
  timespec now = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

// A runner and how many of its runs fill a block.
class Side {
 public:
  Side(Runner& runner, int steps, double block_ns) : runner_(runner), steps_(steps) {
    while (TimedNs() < block_ns / 2) runs_ *= 2;
    const double run_ns = TimedNs() / runs_;
    runs_ = std::max(1, static_cast<int>(block_ns / run_ns));
  }

  double StepNs() { return TimedNs() / runs_ / steps_; }

 private:
  double TimedNs() {
    runner_.Run(1);
    const double start_ns = CpuNs();
    runner_.Run(runs_);
    return std::max(1.0, CpuNs() - start_ns);
  }

  Runner& runner_;
  const int steps_;
  int runs_ = 1;
};

}  // namespace

double Quantile(std::vector<double> values, double q) {
  const auto n = static_cast<std::ptrdiff_t>(q * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + n, values.end());
  return values[static_cast<size_t>(n)];
}

double Timed::Ratio(double q) const {
  std::vector<double> ratios;
  for (size_t i = 0; i < ours.size(); ++i) ratios.push_back(theirs[i] / ours[i]);
  return Quantile(std::move(ratios), q);
}

Timed Alternate(Runner& ours, int our_steps, Runner& theirs, int their_steps, const BlockOptions& options) {
  Side us(ours, our_steps, options.block_ns), them(theirs, their_steps, options.block_ns);
  Timed timed;
  for (int i = 0; i < options.pairs; ++i) {
    const bool we_begin = i % 2 == 0;
    if (we_begin) timed.ours.push_back(us.StepNs());
    timed.theirs.push_back(them.StepNs());
    if (!we_begin) timed.ours.push_back(us.StepNs());
  }
  return timed;
}

}  // namespace recurd::bench
