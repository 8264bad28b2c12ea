#pragma once

#include "hw/aie/graphs/gru_config.h"
#include "hw/emu/placement_sizes.h"
#include "hw/emu/plain_rowwise.h"
#include "tests/unit/hw/closed_form.h"
#include "tests/unit/hw/gru_equality.h"

namespace recurd::emu {

// Results are the plain evaluator's, times the closed form's.
template <class System, int hidden, hw::Reset reset>
void ExpectPlainResultsInModelledTime(hw::Mapping mapping, int input, int tiles) {
  const GruWeights weights = RandomWeights(hidden, input, 1000 * hidden + input);
  const PlainRowwise plain(weights, reset == hw::Reset::kBefore);
  const auto step = [&](const float* x, float* h) { plain.Step(x, h); };
  ExpectSystemEqualsPlain<System>(weights, step, tiles);
  const bool first_of_its_graph = input >= hw::kLanes;
  if (first_of_its_graph) ExpectClosedForm(MakeSystem<System>, {mapping, hidden, input, reset});
}

// A row-wise mapping with inputs of 1, 6, 8, 20, 64 and 256 values; those that pad to the same words share a graph.
template <template <class> class System, int hidden, hw::Reset reset>
void ExpectEqualsPlainForAllInputs(hw::Mapping mapping, int tiles) {
  const auto small = ExpectPlainResultsInModelledTime<System<hw::GruConfig<hidden, 8, reset>>, hidden, reset>;
  for (int input : {1, 6, 8}) small(mapping, input, tiles);
  ExpectPlainResultsInModelledTime<System<hw::GruConfig<hidden, 20, reset>>, hidden, reset>(mapping, 20, tiles);
  ExpectPlainResultsInModelledTime<System<hw::GruConfig<hidden, 64, reset>>, hidden, reset>(mapping, 64, tiles);
  ExpectPlainResultsInModelledTime<System<hw::GruConfig<hidden, 256, reset>>, hidden, reset>(mapping, 256, tiles);
}

}  // namespace recurd::emu
