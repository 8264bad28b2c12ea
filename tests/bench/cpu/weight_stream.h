#pragma once

#include <cstddef>
#include <memory>

#include "tests/bench/cpu/peers/peer.h"

namespace recurd::bench {

enum class Order { kForward, kToAndFro };  // to and fro: every other run begins with what the one before ended with

// A run reads `bytes` of weights once, each vector as the memory operand of a multiply-add: no step can do without it.
// Has no outputs.
std::unique_ptr<Runner> MakeWeightStream(size_t bytes, Order order);

}  // namespace recurd::bench
