#pragma once

#include <string>
#include <vector>

#include "tests/bench/cpu/alternate.h"
#include "tests/bench/cpu/peers.h"
#include "tests/bench/cpu/problem.h"

namespace recurd::bench {

// What our float32 step was compared with.
inline constexpr char kBf16[] = "ours bf16", kInt8[] = "ours int8", kOneStepRuns[] = "ours, T=1",
                      kStream[] = "weight stream", kFloor[] = "floor";

struct Contest {
  std::string name;  // one of the above, or a peer's
  Timed timed;
  double error = 0;  // 0: it has no outputs
};

// All of one layer. Times are ns a step.
struct Result {
  LayerCell cell;
  Size size;
  int steps;  // of a run
  double weight_bytes;
  double error;               // ours
  std::vector<double> ours;   // our blocks of all contests
  std::vector<Contest> with;  // whoever was there

  // nullptr: wasn't there.
  const Contest* Find(const std::string& name) const;
};

// Checks each runner, then alternates ours with each other one. Throws std::runtime_error naming a runner whose outputs
// are wrong.
Result Measure(LayerCell cell, Size size, int steps, const std::vector<NamedPeer>& peers, const BlockOptions& options);

}  // namespace recurd::bench
