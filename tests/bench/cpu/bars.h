#pragma once

#include <vector>

#include "tests/bench/cpu/measure.h"

namespace recurd::bench {

// Prints a table of what the bars would be at the floor (floors.h), then "bar NAME VALUE LIMIT ok|short" for each bar,
// or "bar NAME - LIMIT skipped" where somebody is absent. False if one is short.
bool PrintBars(const std::vector<Result>& results);

}  // namespace recurd::bench
