#pragma once

#include <memory>

#include "tests/bench/cpu/problem.h"

namespace recurd::bench {

// What no fp32 step of the GRU that resets after the matrix can do without, as a runner without outputs:
//  - while its weights fit the first-level cache, the longest chain of operations that wait for each other: a row's
//    product with h in the profile's two accumulators, sigmoid, tanh, blend, and back through memory;
//  - beyond, reading the weights once a step, to and fro; with many steps a run, reading the recurrent ones so, after
//    the multiply-adds of the input part from registers. Who did both at once could be quicker than that.
std::unique_ptr<Runner> MakeFloor(const Problem& problem);

}  // namespace recurd::bench
