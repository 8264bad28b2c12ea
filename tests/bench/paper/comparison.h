#pragma once

#include <vector>

#include "hw/model/lanes_form.h"
#include "tests/bench/paper/emulated.h"
#include "tests/bench/paper/svg_chart.h"

namespace recurd::bench {

// A mapping at one shape. Times are the running emulator's.
struct Compared {
  hw::Mapping mapping;  // kMappingLanes is `lut`
  hw::Reset reset = hw::Reset::kBefore;
  int hidden_size = 0, input_size = 0, tiles = 0;
  double steady_ns = 0, first_ns = 0;  // the period, and a step on its own from the hand-over of its RUN
  double of_hybrid = 0;                // the period in hybrid's, reset before, at the same sizes; 0: not run there
  double deviation = 0;                // closed form to emulator, PL cycles: first, steady and switch, the largest
};

// The paper's mappings at the largest of `layers`, reset before the matrix, and all of AllEmulatedLanes.
absl::StatusOr<std::vector<Compared>> CompareMappings(const std::vector<Emulated>& layers, const hw::Timing& timing);

void PrintComparison(const std::vector<Compared>& rows);
// Where the nanoseconds of a step of `lut` go, H = 32, I = 8, reset after the matrix.
void PrintLanesParts(const hw::Timing& timing);

// What the goals for `lut` are stated in; each the largest.
struct LanesFigures {
  double before = 0, after = 0;  // of_hybrid at H = 32, I <= 64
  int tiles = 0;                 // there
  double ns_128 = 0;             // the period at H = 128, reset after
};
LanesFigures LanesFiguresOf(const std::vector<Compared>& rows);
double LargestDeviation(const std::vector<Compared>& rows);

// Of `lut` at H = 32: lines from the closed form as far as the mapping fits, markers from the emulator.
SeriesGroup LanesSeries(const std::vector<Compared>& rows, const hw::Timing& timing);

}  // namespace recurd::bench
