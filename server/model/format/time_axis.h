#pragma once

#include <vector>

#include "server/model/format/axes.h"
#include "server/model/format/graph.h"

namespace recurd::format {

// One way to read a graph's inputs.
struct TimeAxisGuess {
  std::vector<int> time_axes;  // of each graph input; -1 for those that give initial states
  StepCount steps;             // the length of the time axis where the file fixes it
};

// For each graph input, whether it gives initial states only: it reaches a recurrent node's initial_h or initial_c, and
// none's X. A value that only passes its shape on doesn't count.
std::vector<bool> FindStateInputs(const Graph& graph);

// A file says which axes are dynamic but not which one is time, so that all are tried: dynamic axes first, then from
// the left. A wrong guess fails at the first recurrent node. At most 64 guesses.
std::vector<TimeAxisGuess> GuessTimeAxes(const Graph& graph, const std::vector<bool>& is_state_input);

}  // namespace recurd::format
