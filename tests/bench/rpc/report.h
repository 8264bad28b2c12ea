#pragma once

#include <string>

#include "tests/bench/rpc/blocks.h"

namespace recurd::bench {

// Begins a line on standard error with what is being measured; the pairs that follow are dots behind it.
void Progress(const std::string& what);

// Prints "bar NAME VALUE LIMIT ok|short" and says whether value <= limit.
bool BarAtMost(const char* name, double value, double limit);
// The same for value >= limit.
bool BarAtLeast(const char* name, double value, double limit);

// A table of one-stream blocks: medians of the blocks.
void PrintRoundTripHead(const std::string& title);
void PrintRoundTrips(const char* name, const std::vector<Block>& blocks);
// "NAME: median M, quartiles A to B" of a member's ratios.
void PrintRatio(const char* name, const Pairs& pairs, double Block::*member);

}  // namespace recurd::bench
