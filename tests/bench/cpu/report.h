#pragma once

#include <vector>

#include "tests/bench/cpu/bar_chart.h"
#include "tests/bench/cpu/measure.h"

namespace recurd::bench {

const char* TitleOf(LayerCell cell);

// A table for each cell and T: the head, then the lines of one result.
void PrintHead(LayerCell cell, int steps);
void PrintResult(const Result& result);

// The GRU that resets after the matrix beside each peer, by size: their time / ours.
BarChart ChartOf(const std::vector<Result>& results, const std::vector<NamedPeer>& peers);

}  // namespace recurd::bench
