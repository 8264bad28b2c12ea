#pragma once

#include <algorithm>

#include "hw/emu/hybrid_system.h"
#include "tests/unit/hw/gru_fixture.h"

namespace recurd::emu {

// 50 steps of the array against the plain evaluator, bit for bit, and the mapping's tile count.
template <int hidden, int input, hw::Reset reset>
void ExpectHybridEqualsPlain() {
  SCOPED_TRACE("H=" + std::to_string(hidden) + " I=" + std::to_string(input));
  using Config = hw::GruConfig<hidden, input, reset>;
  constexpr int kSteps = 50;
  const GruWeights weights = RandomWeights(hidden, input, 1000 * hidden + input);
  auto system = HybridSystem<Config>::Make(hw::Timing());
  ASSERT_TRUE(system.ok()) << system.status();
  (*system)->SetWeights({weights});

  const std::vector<float> x = RandomFloats(kSteps * input, 5, 1.0f);
  const std::vector<float> start = RandomFloats(hidden, 6, 1.0f);
  CommandWriter writer;
  writer.Switch(3, 1, start.data(), hidden);
  writer.Run(3, 0, 2, x.data(), kSteps, input);
  (*system)->Give(writer.Take());
  const size_t before = 4 + hw::PaddedWords(hidden) + 4, rows = kSteps * hw::PaddedWords(hidden);
  const absl::Status status = (*system)->RunUntil(before + rows);
  ASSERT_TRUE(status.ok()) << status;

  std::vector<float> h = start;
  const PlainRowwise plain(weights, reset == hw::Reset::kBefore);
  EXPECT_EQ(Slice((*system)->results(), before, rows), PlainRows(plain, x.data(), kSteps, input, &h));
  const auto& nodes = (*system)->graph().nodes().nodes;
  EXPECT_EQ(std::count_if(nodes.begin(), nodes.end(), [](auto& node) { return node->kind == Node::Kind::kKernel; }),
            9 * hidden + 1);
}

template <int hidden, hw::Reset reset>
void ExpectHybridEqualsPlainForAllInputs() {
  ExpectHybridEqualsPlain<hidden, 1, reset>();
  ExpectHybridEqualsPlain<hidden, 6, reset>();
  ExpectHybridEqualsPlain<hidden, 8, reset>();
  ExpectHybridEqualsPlain<hidden, 20, reset>();
  ExpectHybridEqualsPlain<hidden, 64, reset>();
  ExpectHybridEqualsPlain<hidden, 256, reset>();
}

}  // namespace recurd::emu
