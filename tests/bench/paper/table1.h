#pragma once

#include <vector>

#include "hw/config/timing.h"
#include "tests/bench/paper/emulated.h"

namespace recurd::bench {

// A line of Table 1 of arXiv 2511.15626, or what was counted here for it.
struct Table1Row {
  int hidden_size = 0;
  int aie_tiles = 0, hybrid_tiles = 0;
  int interval = 0, depth = 0;  // of the PL kernel, in PL cycles
  double aggregator_ns = 0;     // of the `aie` mapping's aggregator tile
};

// As published, with what is only published.
struct PaperRow : Table1Row {
  int flip_flops = 0, lookup_tables = 0;
};
const std::vector<PaperRow>& PaperTable1();

// Tiles that run a kernel.
int CountTiles(const emu::GruSystem& system);

// Counts tiles in the graphs and cycles in the running kernels.
absl::StatusOr<Table1Row> CountTable1(const Emulated& layer, const hw::Timing& timing);

// Side by side with the paper's.
void PrintTable1(const std::vector<Table1Row>& counted);

struct Table1Deviation {
  int tiles = 0, pl_kernel = 0;  // numbers that differ
  double aggregator_ns = 0;      // the largest difference
};
Table1Deviation CompareTable1(const std::vector<Table1Row>& counted);

}  // namespace recurd::bench
