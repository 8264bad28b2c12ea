// Sessions on the row-wise mappings: SWITCH, slots, weight sets, RELOAD, under random back-pressure; with one row a
// tile and with row reuse.
#include <functional>
#include <numeric>

#include "hw/emu/aie_system.h"
#include "hw/emu/hybrid_system.h"
#include "tests/unit/hw/gru_fixture.h"

namespace recurd::emu {
namespace {

constexpr int kInput = 6, kSteps = 24, kSets = 3;

struct Mapping {
  const char* name;
  int hidden;
  bool reset_before;
  std::unique_ptr<GruSystem> (*make)(Disturbance disturbance);
  size_t padded() const { return hw::PaddedWords(hidden); }
};

template <template <class> class System, int hidden, hw::Reset reset>
std::unique_ptr<GruSystem> Make(Disturbance disturbance) {
  auto system = System<hw::GruConfig<hidden, kInput, reset, kSets>>::Make(hw::Timing(), disturbance);
  EXPECT_TRUE(system.ok()) << system.status();
  return std::move(*system);
}

const Mapping kMappings[] = {
    {"hybrid", 20, true, Make<HybridSystem, 20, hw::Reset::kBefore>},
    {"aie", 20, true, Make<AieSystem, 20, hw::Reset::kBefore>},
    {"hybrid_two_rows", 40, false, Make<HybridSystem, 40, hw::Reset::kAfter>},
    {"aie_two_rows", 40, false, Make<AieSystem, 40, hw::Reset::kAfter>},
};

class RowwiseSession : public testing::TestWithParam<std::tuple<Mapping, uint64_t>> {
 protected:
  const Mapping& mapping() const { return std::get<0>(GetParam()); }
  std::unique_ptr<GruSystem> MakeSystem(const std::vector<GruWeights>& sets) const {
    const uint64_t seed = std::get<1>(GetParam());
    auto system = mapping().make({seed, seed == 0 ? 0 : 5, 60});
    system->SetWeights(sets);
    return system;
  }
  GruWeights Weights(uint32_t seed) const { return RandomWeights(mapping().hidden, kInput, seed); }

  // Rows of a session that runs alone, from state `h`.
  std::vector<uint32_t> Alone(const GruWeights& weights, const std::vector<float>& x, std::vector<float> h = {}) const {
    h.resize(mapping().hidden);
    const PlainRowwise plain(weights, mapping().reset_before);
    const auto step = [&](const float* input, float* state) { plain.Step(input, state); };
    return PlainRows(step, x.data(), static_cast<int>(x.size()) / kInput, kInput, &h);
  }
};

INSTANTIATE_TEST_SUITE_P(Mappings, RowwiseSession,
                         testing::Combine(testing::ValuesIn(kMappings), testing::Values(0, 1, 2, 3)),
                         [](const auto& info) {
                           return std::string(std::get<0>(info.param).name) + "_" +
                                  std::to_string(std::get<1>(info.param));
                         });

TEST_P(RowwiseSession, ThreeThatAlternateEveryStepEqualThreeApart) {
  const std::vector<GruWeights> sets = {Weights(1), Weights(50), Weights(70)};
  std::vector<float> x[kSets];
  for (uint32_t who = 0; who < kSets; ++who) x[who] = RandomFloats(kSteps * kInput, 3 + who, 1);
  auto system = MakeSystem(sets);
  CommandWriter writer;
  for (uint32_t i = 0; i < kSets * kSteps; ++i) {
    writer.Run(2 * (i % kSets), i % kSets, i, &x[i % kSets][i / kSets * kInput], 1, kInput);
  }
  system->Give(writer.Take());
  const absl::Status status = system->RunUntil(kSets * kSteps * (4 + mapping().padded()));
  ASSERT_TRUE(status.ok()) << status;
  std::vector<uint32_t> rows[kSets];
  for (uint32_t i = 0; i < kSets * kSteps; ++i) {
    const size_t at = i * (4 + mapping().padded());
    EXPECT_EQ(system->results()[at + 3], i) << "sequence number";
    const auto row = Slice(system->results(), at + 4, mapping().padded());
    rows[i % kSets].insert(rows[i % kSets].end(), row.begin(), row.end());
  }
  for (uint32_t who = 0; who < kSets; ++who) EXPECT_EQ(rows[who], Alone(sets[who], x[who])) << who;
}

// Each SWITCH and the inputs behind it stand in the array's streams while the other session's step runs.
TEST_P(RowwiseSession, TwoThatTakeTurnsInOneSlotEqualTwoApart) {
  const std::vector<GruWeights> sets = {Weights(1), Weights(50)};
  const size_t padded = mapping().padded(), turn = 2 * (4 + padded);
  std::vector<float> x[2], states[2];
  std::vector<uint32_t> rows[2];
  auto system = MakeSystem(sets);
  for (uint32_t who = 0; who < 2; ++who) {
    x[who] = RandomFloats(kSteps * kInput, 3 + who, 1);
    states[who].resize(mapping().hidden);
  }
  for (uint32_t i = 0; i < 2 * kSteps + 1; ++i) {
    if (i < 2 * kSteps) {
      CommandWriter writer;
      writer.Switch(5, 2 * i, states[i % 2].data(), mapping().hidden);
      writer.Run(5, i % 2, 2 * i + 1, &x[i % 2][i / 2 * kInput], 1, kInput);
      system->Give(writer.Take());
    }
    if (i == 0) continue;
    const absl::Status status = system->RunUntil(i * turn);
    ASSERT_TRUE(status.ok()) << status;
    const auto row = Slice(system->results(), i * turn - padded, padded);
    const uint32_t who = (i - 1) % 2;
    rows[who].insert(rows[who].end(), row.begin(), row.end());
    memcpy(states[who].data(), row.data(), 4 * states[who].size());
  }
  for (uint32_t who = 0; who < 2; ++who) EXPECT_EQ(rows[who], Alone(sets[who], x[who])) << who;
}

TEST_P(RowwiseSession, SwitchBringsAStateInAndTheOldOneOut) {
  const GruWeights weights = Weights(1);
  const std::vector<float> x = RandomFloats(kInput, 3, 1), other = RandomFloats(mapping().hidden, 9, 1);
  auto system = MakeSystem({weights});
  CommandWriter writer;
  writer.Run(7, 0, 1, x.data(), 1, kInput);
  writer.Switch(7, 2, other.data(), mapping().hidden);
  writer.Run(7, 0, 3, x.data(), 1, kInput);
  system->Give(writer.Take());
  const size_t padded = mapping().padded(), row = 4 + padded;
  const absl::Status status = system->RunUntil(3 * row);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(Slice(system->results(), row + 4, padded), Slice(system->results(), 4, padded));
  EXPECT_EQ(Slice(system->results(), 2 * row + 4, padded), Alone(weights, x, other));
}

// New weights count from the RELOAD on; those written once its echo is there come too late for every kernel.
TEST_P(RowwiseSession, ReloadBringsNewWeightsAndEmptySlotsAndItsEchoSaysThatAllKernelsHaveThem) {
  const GruWeights old_weights = Weights(1), new_weights = Weights(90);
  const std::vector<float> x = RandomFloats(4 * kInput, 3, 1);
  auto system = MakeSystem({old_weights});
  CommandWriter writer;
  writer.Run(0, 0, 1, x.data(), 4, kInput);
  system->Give(writer.Take());
  const size_t rows = 4 * mapping().padded();
  absl::Status status = system->RunUntil(4 + rows);
  ASSERT_TRUE(status.ok()) << status;
  system->SetWeights({new_weights});
  writer.Reload(2);
  system->Give(writer.Take());
  status = system->RunUntil(4 + rows + 4);
  ASSERT_TRUE(status.ok()) << status;
  system->SetWeights({Weights(130)});
  writer.Run(0, 0, 3, x.data(), 4, kInput);
  system->Give(writer.Take());
  status = system->RunUntil(2 * (4 + rows) + 4);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(Slice(system->results(), 4, rows), Alone(old_weights, x));
  EXPECT_EQ(system->results()[4 + rows + 3], 2u) << "sequence number";
  EXPECT_EQ(Slice(system->results(), 4 + rows + 8, rows), Alone(new_weights, x));
}

TEST_P(RowwiseSession, NewWeightsAreNotSeenBeforeAReload) {
  const GruWeights weights = Weights(1);
  const std::vector<float> x = RandomFloats(3 * kInput, 3, 1);
  const size_t padded = mapping().padded();
  auto system = MakeSystem({weights});
  CommandWriter writer;
  std::vector<uint32_t> rows;
  for (uint32_t step = 0; step < 3; ++step) {
    writer.Run(0, 0, step, &x[step * kInput], 1, kInput);
    system->Give(writer.Take());
    ASSERT_TRUE(system->RunUntil((step + 1) * (4 + padded)).ok());
    const auto row = Slice(system->results(), step * (4 + padded) + 4, padded);
    rows.insert(rows.end(), row.begin(), row.end());
    system->SetWeights({Weights(90)});
  }
  EXPECT_EQ(rows, Alone(weights, x));
}

TEST_P(RowwiseSession, StepTimesDoNotDependOnData) {
  std::vector<Cycles> times[2];
  for (uint32_t seed = 0; seed < 2; ++seed) {
    auto system = MakeSystem({Weights(1 + 70 * seed)});
    const std::vector<float> x = RandomFloats(kSteps * kInput, seed, 1);
    CommandWriter writer;
    writer.Run(0, 0, 1, x.data(), kSteps, kInput);
    system->Give(writer.Take());
    ASSERT_TRUE(system->RunUntil(4 + kSteps * mapping().padded()).ok());
    times[seed] = system->times();
  }
  EXPECT_EQ(times[0], times[1]);
}

TEST(RowwiseSystem, WaitingForMoreThanWasAskedForSaysWhoWaits) {
  auto hybrid = kMappings[0].make({}), aie = kMappings[1].make({});
  const absl::Status status = hybrid->RunUntil(4), aie_status = aie->RunUntil(4);
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_NE(status.message().find("gru_aggregator waits for feeder to write control"), absl::string_view::npos)
      << status;
  EXPECT_NE(aie_status.message().find("waits for control to write"), absl::string_view::npos) << aie_status;
}

}  // namespace
}  // namespace recurd::emu
