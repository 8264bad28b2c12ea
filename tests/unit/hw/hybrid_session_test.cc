// Sessions on the array: SWITCH, slots, weight sets, RELOAD, under random back-pressure.
#include "hw/emu/hybrid_system.h"
#include "tests/unit/hw/gru_fixture.h"

namespace recurd::emu {
namespace {

constexpr int kHidden = 20, kInput = 6, kSteps = 24, kPadded = 24;
using Config = hw::GruConfig<kHidden, kInput, hw::Reset::kBefore>;
using System = HybridSystem<Config>;

std::unique_ptr<System> MakeSystem(const std::vector<GruWeights>& sets, Disturbance disturbance = {}) {
  auto system = System::Make(hw::Timing(), disturbance);
  EXPECT_TRUE(system.ok()) << system.status();
  (*system)->SetWeights(sets);
  return std::move(*system);
}

// Rows of a session that runs alone.
std::vector<uint32_t> Alone(const GruWeights& weights, const std::vector<float>& x) {
  std::vector<float> h(kHidden);
  return PlainRows(PlainRowwise(weights, true), x.data(), static_cast<int>(x.size()) / kInput, kInput, &h);
}

class Session : public testing::TestWithParam<uint64_t> {
 protected:
  Disturbance disturbance() const { return {GetParam(), GetParam() == 0 ? 0 : 5, 60}; }
};
INSTANTIATE_TEST_SUITE_P(Seeds, Session, testing::Values(0, 1, 2, 3));

TEST_P(Session, TwoThatAlternateEveryStepEqualTwoApart) {
  const std::vector<GruWeights> sets = {RandomWeights(kHidden, kInput, 1), RandomWeights(kHidden, kInput, 50)};
  const std::vector<float> x[2] = {RandomFloats(kSteps * kInput, 3, 1), RandomFloats(kSteps * kInput, 4, 1)};
  auto system = MakeSystem(sets, disturbance());
  CommandWriter writer;
  for (int step = 0; step < kSteps; ++step) {
    for (uint32_t who = 0; who < 2; ++who) {
      writer.Run(who, who, 2 * static_cast<uint32_t>(step) + who, &x[who][step * kInput], 1, kInput);
    }
  }
  system->Give(writer.Take());
  const absl::Status status = system->RunUntil(2 * kSteps * (4 + kPadded));
  ASSERT_TRUE(status.ok()) << status;
  std::vector<uint32_t> rows[2];
  for (uint32_t i = 0; i < 2 * kSteps; ++i) {
    const size_t at = i * (4 + kPadded);
    EXPECT_EQ(system->results()[at + 3], i) << "sequence number";
    const auto row = Slice(system->results(), at + 4, kPadded);
    rows[i % 2].insert(rows[i % 2].end(), row.begin(), row.end());
  }
  EXPECT_EQ(rows[0], Alone(sets[0], x[0]));
  EXPECT_EQ(rows[1], Alone(sets[1], x[1]));
}

TEST_P(Session, SwitchBringsAStateInAndTheOldOneOut) {
  const GruWeights weights = RandomWeights(kHidden, kInput, 1);
  const std::vector<float> x = RandomFloats(2 * kInput, 3, 1), other = RandomFloats(kHidden, 9, 1);
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
  EXPECT_EQ(Slice(system->results(), 2 * row + 4, kPadded),
            PlainRows(PlainRowwise(weights, true), &x[kInput], 1, kInput, &h));
}

TEST_P(Session, ReloadIsAnsweredByEveryKernelAndBringsNewWeightsAndEmptySlots) {
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
  status = system->RunUntilEchoes(1);
  ASSERT_TRUE(status.ok()) << status;
  writer.Run(0, 0, 3, x.data(), 4, kInput);
  system->Give(writer.Take());
  status = system->RunUntil(2 * (4 + 4 * kPadded) + 4);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(Slice(system->results(), 4, 4 * kPadded), Alone(old_weights, x));
  EXPECT_EQ(Slice(system->results(), 4 + 4 * kPadded + 8, 4 * kPadded), Alone(new_weights, x));
}

TEST(HybridSystem, NewWeightsAreNotSeenBeforeAReload) {
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

TEST(HybridSystem, WaitingForMoreThanWasAskedForSaysWhoWaits) {
  auto system = MakeSystem({RandomWeights(kHidden, kInput, 1)});
  const absl::Status status = system->RunUntil(4);
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_NE(status.message().find("gru_aggregator waits for gru_feeder to write control"), absl::string_view::npos)
      << status;
}

TEST(HybridSystem, StepTimesDoNotDependOnData) {
  std::vector<Cycles> times[2];
  for (uint32_t seed = 0; seed < 2; ++seed) {
    auto system = MakeSystem({RandomWeights(kHidden, kInput, 1 + 70 * seed)});
    const std::vector<float> x = RandomFloats(kSteps * kInput, seed, 1);
    CommandWriter writer;
    writer.Run(0, 0, 1, x.data(), kSteps, kInput);
    system->Give(writer.Take());
    ASSERT_TRUE(system->RunUntil(4 + kSteps * kPadded).ok());
    times[seed] = system->times();
  }
  EXPECT_EQ(times[0], times[1]);
}

}  // namespace
}  // namespace recurd::emu
