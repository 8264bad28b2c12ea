#pragma once

#include <cstddef>
#include <memory>

#include "tests/bench/cpu/peers/peer.h"

namespace recurd::bench {

// A run reads `bytes` of weights once, in order, each vector as the memory operand of a multiply-add: what no step can
// do without. Has no outputs.
std::unique_ptr<Runner> MakeWeightStream(size_t bytes);

}  // namespace recurd::bench
