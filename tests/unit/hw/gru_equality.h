#pragma once

#include <algorithm>
#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "hw/emu/graph_lint.h"
#include "hw/emu/gru_system.h"
#include "tests/unit/hw/gru_fixture.h"

namespace recurd::emu {

// One step of a plain evaluator: x, and h in place.
using PlainStep = std::function<void(const float* x, float* h)>;

// 50 steps of the array against the plain evaluator, bit for bit; the graph fits the device with so many tiles.
inline void ExpectEqualsPlain(GruSystem* system, const GruWeights& weights, const PlainStep& plain, int tiles) {
  constexpr int kSteps = 50;
  const int hidden = weights.hidden_size, input = weights.input_size;
  SCOPED_TRACE("H=" + std::to_string(hidden) + " I=" + std::to_string(input));
  system->SetWeights({weights});
  const std::vector<float> x = RandomFloats(kSteps * input, 5, 1.0f);
  std::vector<float> h = RandomFloats(hidden, 6, 1.0f);
  CommandWriter writer;
  writer.Switch(3, 1, h.data(), hidden);
  writer.Run(3, 0, 2, x.data(), kSteps, input);
  system->Give(writer.Take());
  const size_t before = 4 + hw::PaddedWords(hidden) + 4, rows = kSteps * hw::PaddedWords(hidden);
  const absl::Status status = system->RunUntil(before + rows);
  ASSERT_TRUE(status.ok()) << status;

  EXPECT_EQ(Slice(system->results(), before, rows), PlainRows(plain, x.data(), kSteps, input, &h));
  const auto& nodes = system->nodes().nodes;
  EXPECT_EQ(std::count_if(nodes.begin(), nodes.end(), [](auto& node) { return node->kind == Node::Kind::kKernel; }),
            tiles);
  EXPECT_EQ(LintGraph(system->nodes()), std::vector<std::string>());
}

template <class System>
void ExpectSystemEqualsPlain(const GruWeights& weights, const PlainStep& plain, int tiles) {
  auto system = System::Make(hw::Timing());
  ASSERT_TRUE(system.ok()) << system.status();
  ExpectEqualsPlain(system->get(), weights, plain, tiles);
}

}  // namespace recurd::emu
