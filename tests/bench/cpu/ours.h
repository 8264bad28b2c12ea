#pragma once

#include <memory>

#include "tests/bench/cpu/problem.h"

namespace recurd::bench {

// Our packed cell as the serving pipeline runs it. A run of one step leaves its output in the cell; one of more takes
// inputs up in blocks and copies each step's output out.
std::unique_ptr<Runner> MakeOurs(const Problem& problem, WeightStorage storage);

}  // namespace recurd::bench
