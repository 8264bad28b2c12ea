// Sessions on the lanes mapping: SWITCH, slots, weight sets, RELOAD, under random back-pressure.
#include "tests/unit/hw/lanes_fixture.h"

namespace recurd::emu {
namespace {

constexpr int kInput = 6, kSteps = 24;

// One layer with tables, and an exact LSTM under an exact GRU.
template <int layers>
struct Case;
template <>
struct Case<1> {
  using System = LanesSystem<hw::LanesConfig<20, kInput, LaneCell::kGruBefore, LaneNumerics::kLut>>;
  static LaneModel Model(uint32_t seed) {
    LaneModel model;
    model.Add(20, kInput, LaneCell::kGruBefore, LaneNumerics::kLut, seed);
    return model;
  }
};
template <>
struct Case<2> {
  using System = LanesSystem<hw::LanesConfig<16, kInput, LaneCell::kLstm, LaneNumerics::kExact>,
                             hw::LanesConfig<20, 16, LaneCell::kGruAfter, LaneNumerics::kExact>>;
  static LaneModel Model(uint32_t seed) {
    LaneModel model;
    model.Add(16, kInput, LaneCell::kLstm, LaneNumerics::kExact, seed);
    model.Add(20, 16, LaneCell::kGruAfter, LaneNumerics::kExact, seed + 10);
    return model;
  }
};

template <int layers>
class Sessions {
 public:
  explicit Sessions(Disturbance disturbance) : system_(*Case<layers>::System::Make(hw::Timing(), disturbance)) {}

  template <size_t... layer>
  void SetWeights(std::vector<LaneModel> sets, std::index_sequence<layer...>) {
    (SetLayer<layer>(sets), ...);
  }
  void SetWeights(const std::vector<LaneModel>& sets) { SetWeights(sets, std::make_index_sequence<layers>()); }

  // Gives what the writer holds and waits until `words` words more have come out; returns them.
  std::vector<uint32_t> Yield(CommandWriter* writer, size_t words) {
    const size_t before = system_->results().size();
    system_->Give(writer->Take());
    const absl::Status status = RunFlushed(system_.get(), before + words);
    EXPECT_TRUE(status.ok()) << status;
    return Slice(system_->results(), before, std::min(words, system_->results().size() - before));
  }
  GruSystem* system() { return system_.get(); }

 private:
  template <size_t layer>
  void SetLayer(std::vector<LaneModel>& sets) {
    std::vector<GruWeights> weights;
    for (LaneModel& set : sets) weights.push_back(set.layers()[layer].weights);
    system_->template SetLayerWeights<layer>(weights);
  }

  std::unique_ptr<typename Case<layers>::System> system_;
};

class LanesSession : public testing::TestWithParam<uint64_t> {
 protected:
  Disturbance disturbance() const { return {GetParam(), GetParam() == 0 ? 0 : 5, 60}; }
};
INSTANTIATE_TEST_SUITE_P(Seeds, LanesSession, testing::Values(0, 1, 2, 3));

template <int layers>
void ExpectThreeAlternate(Disturbance disturbance) {
  const std::vector<LaneModel> sets = {Case<layers>::Model(1), Case<layers>::Model(50)};
  std::vector<LaneModel> alone = {sets[0], sets[1], sets[0]};
  Sessions<layers> sessions(disturbance);
  sessions.SetWeights(sets);
  std::vector<float> x[3];
  for (uint32_t who = 0; who < 3; ++who) x[who] = RandomFloats(kSteps * kInput, 3 + who, 1);
  CommandWriter writer;
  for (uint32_t step = 0; step < kSteps; ++step) {
    for (uint32_t who = 0; who < 3; ++who) {
      writer.Run(2 * who, who % 2, 3 * step + who, &x[who][step * kInput], 1, kInput);
    }
  }
  const size_t row = alone[0].row_words();
  const std::vector<uint32_t> words = sessions.Yield(&writer, 3 * kSteps * (4 + row));
  std::vector<uint32_t> rows[3];
  for (uint32_t i = 0; i < 3 * kSteps; ++i) {
    EXPECT_EQ(words[i * (4 + row) + 3], i) << "sequence number";
    const auto one = Slice(words, i * (4 + row) + 4, row);
    rows[i % 3].insert(rows[i % 3].end(), one.begin(), one.end());
  }
  for (uint32_t who = 0; who < 3; ++who) EXPECT_EQ(rows[who], alone[who].Run(x[who].data(), kSteps));
}

TEST_P(LanesSession, ThreeThatAlternateEveryStepEqualThreeApart) { ExpectThreeAlternate<1>(disturbance()); }
TEST_P(LanesSession, ThreeThatAlternateOnAStackEqualThreeApart) { ExpectThreeAlternate<2>(disturbance()); }

template <int layers>
void ExpectSwitch(Disturbance disturbance) {
  LaneModel model = Case<layers>::Model(1), other = model;
  other.RandomizeState(9);
  Sessions<layers> sessions(disturbance);
  sessions.SetWeights({model});
  const std::vector<float> x = RandomFloats(2 * kInput, 3, 1), state = other.StateRow();
  CommandWriter writer;
  writer.Run(7, 0, 1, x.data(), 1, kInput);
  writer.Switch(7, 2, state.data(), static_cast<int>(state.size()));
  writer.Run(7, 0, 3, &x[kInput], 1, kInput);
  const size_t row = state.size();
  const std::vector<uint32_t> words = sessions.Yield(&writer, 3 * (4 + row));
  EXPECT_EQ(Slice(words, 4, row), model.Run(x.data(), 1));
  EXPECT_EQ(Slice(words, 4 + row + 4, row), Slice(words, 4, row)) << "the old states, in order";
  EXPECT_EQ(Slice(words, 2 * (4 + row) + 4, row), other.Run(&x[kInput], 1));
}

TEST_P(LanesSession, SwitchBringsAStateInAndTheOldOneOut) { ExpectSwitch<1>(disturbance()); }
TEST_P(LanesSession, SwitchBringsTheStatesOfAStackInAndTheOldOnesOut) { ExpectSwitch<2>(disturbance()); }

template <int layers>
void ExpectReload(Disturbance disturbance) {
  const LaneModel old_model = Case<layers>::Model(1), new_model = Case<layers>::Model(90);
  Sessions<layers> sessions(disturbance);
  sessions.SetWeights({old_model});
  const std::vector<float> x = RandomFloats(4 * kInput, 3, 1);
  const size_t row = old_model.row_words();
  CommandWriter writer;
  LaneModel alone = old_model;
  writer.Run(0, 0, 1, x.data(), 2, kInput);
  EXPECT_EQ(Slice(sessions.Yield(&writer, 4 + 2 * row), 4, 2 * row), alone.Run(x.data(), 2));

  sessions.SetWeights({new_model});
  writer.Run(0, 0, 2, &x[2 * kInput], 2, kInput);
  EXPECT_EQ(Slice(sessions.Yield(&writer, 4 + 2 * row), 4, 2 * row), alone.Run(&x[2 * kInput], 2)) << "not yet";

  writer.Reload(3);
  EXPECT_EQ(sessions.Yield(&writer, 4), (std::vector<uint32_t>{hw::kOpReload, 0, 0, 3}));
  alone = new_model;
  writer.Run(0, 0, 4, x.data(), 4, kInput);
  EXPECT_EQ(Slice(sessions.Yield(&writer, 4 + 4 * row), 4, 4 * row), alone.Run(x.data(), 4)) << "from empty slots";
}

TEST_P(LanesSession, ReloadIsAnsweredByEveryKernelAndBringsNewWeightsAndEmptySlots) { ExpectReload<1>(disturbance()); }
TEST_P(LanesSession, ReloadRunsThroughAStack) { ExpectReload<2>(disturbance()); }

TEST(LanesSystem, ARunOfNoStepsYieldsItsEcho) {
  Sessions<1> sessions({});
  sessions.SetWeights({Case<1>::Model(1)});
  CommandWriter writer;
  writer.Run(0, 0, 7, nullptr, 0, kInput);
  writer.Run(0, 0, 8, nullptr, 0, kInput);
  EXPECT_EQ(sessions.Yield(&writer, 8), (std::vector<uint32_t>{hw::kOpRun, 0, 0, 7, hw::kOpRun, 0, 0, 8}));
}

TEST(LanesSystem, WaitingForMoreThanWasAskedForSaysWhoWaits) {
  Sessions<1> sessions({});
  sessions.SetWeights({Case<1>::Model(1)});
  const absl::Status status = sessions.system()->RunUntil(4);
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_NE(status.message().find("lanes_core_0 waits for lanes_feeder_0 to write control_0"), absl::string_view::npos)
      << status;
}

}  // namespace
}  // namespace recurd::emu
