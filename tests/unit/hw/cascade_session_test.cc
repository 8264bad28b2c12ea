// Sessions on the cascade mapping: SWITCH, slots, weight sets, RELOAD, under random back-pressure.
#include <bit>

#include "hw/emu/cascade_system.h"
#include "hw/emu/plain_colwise.h"
#include "tests/unit/hw/gru_fixture.h"

namespace recurd::emu {
namespace {

constexpr int kHidden = 20, kInput = 20, kSteps = 24, kPadded = 24;
using Config = hw::GruConfig<kHidden, kInput, hw::Reset::kBefore>;
using System = CascadeSystem<Config>;

std::unique_ptr<System> MakeSystem(const std::vector<GruWeights>& sets, Disturbance disturbance = {}) {
  auto system = System::Make(hw::Timing(), disturbance);
  EXPECT_TRUE(system.ok()) << system.status();
  (*system)->SetWeights(sets);
  return std::move(*system);
}

auto Step(const GruWeights& weights) {
  return [plain = PlainColwise(weights, true)](const float* x, float* h) { plain.Step(x, h); };
}

// Rows of a session that runs alone.
std::vector<uint32_t> Alone(const GruWeights& weights, const std::vector<float>& x) {
  std::vector<float> h(kHidden);
  return PlainRows(Step(weights), x.data(), static_cast<int>(x.size()) / kInput, kInput, &h);
}

class CascadeSession : public testing::TestWithParam<uint64_t> {
 protected:
  Disturbance disturbance() const { return {GetParam(), GetParam() == 0 ? 0 : 5, 60}; }
};
INSTANTIATE_TEST_SUITE_P(Seeds, CascadeSession, testing::Values(0, 1, 2, 3));

TEST_P(CascadeSession, ThreeThatAlternateEveryStepEqualThreeApart) {
  const std::vector<GruWeights> sets = {RandomWeights(kHidden, kInput, 1), RandomWeights(kHidden, kInput, 50)};
  std::vector<float> x[3];
  for (uint32_t who = 0; who < 3; ++who) x[who] = RandomFloats(kSteps * kInput, 3 + who, 1);
  auto system = MakeSystem(sets, disturbance());
  CommandWriter writer;
  for (uint32_t step = 0; step < kSteps; ++step) {
    for (uint32_t who = 0; who < 3; ++who)
      writer.Run(2 * who, who % 2, 3 * step + who, &x[who][step * kInput], 1, kInput);
  }
  system->Give(writer.Take());
  const absl::Status status = system->RunUntil(3 * kSteps * (4 + kPadded));
  ASSERT_TRUE(status.ok()) << status;
  std::vector<uint32_t> rows[3];
  for (uint32_t i = 0; i < 3 * kSteps; ++i) {
    const size_t at = i * (4 + kPadded);
    EXPECT_EQ(system->results()[at + 3], i) << "sequence number";
    const auto row = Slice(system->results(), at + 4, kPadded);
    rows[i % 3].insert(rows[i % 3].end(), row.begin(), row.end());
  }
  for (uint32_t who = 0; who < 3; ++who) EXPECT_EQ(rows[who], Alone(sets[who % 2], x[who]));
}

TEST_P(CascadeSession, SwitchBringsAStateInAndTheOldOneOut) {
  const GruWeights weights = RandomWeights(kHidden, kInput, 1);
  const std::vector<float> x = RandomFloats(2 * kInput, 3, 1);
  std::vector<float> other = RandomFloats(kHidden, 9, 1);
  other[0] = std::bit_cast<float>(0x3f000000 | hw::kOpRun);  // nobody takes a state for a command
  other[4] = std::bit_cast<float>(0x3f000000 | hw::kOpReload);
  auto system = MakeSystem({weights}, disturbance());
  CommandWriter writer;
  writer.Run(7, 0, 1, x.data(), 1, kInput);
  writer.Switch(7, 2, other.data(), kHidden);
  writer.Run(7, 0, 3, &x[kInput], 1, kInput);
  system->Give(writer.Take());
  const absl::Status status = system->RunUntil(3 * (4 + kPadded));
  ASSERT_TRUE(status.ok()) << status;
  const size_t row = 4 + kPadded;
  EXPECT_EQ(Slice(system->results(), row + 4, kPadded), Slice(system->results(), 4, kPadded));
  std::vector<float> h = other;
  EXPECT_EQ(Slice(system->results(), 2 * row + 4, kPadded), PlainRows(Step(weights), &x[kInput], 1, kInput, &h));
}

TEST_P(CascadeSession, ReloadIsAnsweredByEveryKernelAndBringsNewWeightsAndEmptySlots) {
  const GruWeights old_weights = RandomWeights(kHidden, kInput, 1), new_weights = RandomWeights(kHidden, kInput, 90);
  const std::vector<float> x = RandomFloats(4 * kInput, 3, 1);
  auto system = MakeSystem({old_weights}, disturbance());
  CommandWriter writer;
  writer.Run(0, 0, 1, x.data(), 4, kInput);
  system->Give(writer.Take());
  absl::Status status = system->RunUntil(4 + 4 * kPadded);
  ASSERT_TRUE(status.ok()) << status;
  system->SetWeights({new_weights});
  writer.Reload(2);
  system->Give(writer.Take());
  status = system->RunUntil(4 + 4 * kPadded + 4);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(system->results()[4 + 4 * kPadded + 3], 2u);
  writer.Run(0, 0, 3, x.data(), 4, kInput);
  system->Give(writer.Take());
  status = system->RunUntil(2 * (4 + 4 * kPadded) + 4);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(Slice(system->results(), 4, 4 * kPadded), Alone(old_weights, x));
  EXPECT_EQ(Slice(system->results(), 4 + 4 * kPadded + 8, 4 * kPadded), Alone(new_weights, x));
}

TEST(CascadeSystem, NewWeightsAreNotSeenBeforeAReload) {
  const GruWeights weights = RandomWeights(kHidden, kInput, 1);
  const std::vector<float> x = RandomFloats(2 * kInput, 3, 1);
  auto system = MakeSystem({weights});
  CommandWriter writer;
  writer.Run(0, 0, 1, x.data(), 1, kInput);
  system->Give(writer.Take());
  ASSERT_TRUE(system->RunUntil(4 + kPadded).ok());
  system->SetWeights({RandomWeights(kHidden, kInput, 90)});
  writer.Run(0, 0, 2, &x[kInput], 1, kInput);
  system->Give(writer.Take());
  ASSERT_TRUE(system->RunUntil(2 * (4 + kPadded)).ok());
  EXPECT_EQ(Slice(system->results(), 8 + kPadded, kPadded), Slice(Alone(weights, x), kPadded, kPadded));
}

}  // namespace
}  // namespace recurd::emu
