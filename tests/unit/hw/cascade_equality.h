#pragma once

#include "hw/emu/cascade_system.h"
#include "hw/emu/placement_sizes.h"
#include "hw/emu/plain_colwise.h"
#include "tests/unit/hw/closed_form.h"
#include "tests/unit/hw/gru_equality.h"

namespace recurd::emu {

// Results are the plain evaluator's, times the closed form's. Inputs that pad to the words of `most_input` share its
// graph.
template <int hidden, int most_input, hw::Reset reset>
void ExpectCascadeEqualsPlainAt(int input) {
  const GruWeights weights = RandomWeights(hidden, input, 1000 * hidden + input);
  const PlainColwise plain(weights, reset == hw::Reset::kBefore);
  const PlainStep step = [&](const float* x, float* h) { plain.Step(x, h); };
  const int blocks = (hw::PaddedWords(hidden) + hw::PaddedWords(input)) / 8;
  using System = CascadeSystem<hw::GruConfig<hidden, most_input, reset>>;
  ExpectSystemEqualsPlain<System>(weights, step, 3 * (blocks + 2) + 1);
  if (input == most_input) ExpectClosedForm(MakeSystem<System>, {hw::kMappingCascade, hidden, input, reset});
}

template <int hidden, hw::Reset reset>
void ExpectCascadeEqualsPlain() {
  for (int input : {1, 6, 8}) ExpectCascadeEqualsPlainAt<hidden, 8, reset>(input);
  ExpectCascadeEqualsPlainAt<hidden, 20, reset>(20);
  ExpectCascadeEqualsPlainAt<hidden, 64, reset>(64);
  ExpectCascadeEqualsPlainAt<hidden, 256, reset>(256);
}

}  // namespace recurd::emu
