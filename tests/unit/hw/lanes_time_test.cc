// Modelled times of the lanes mapping: the goals, and the closed form.
#include <gmock/gmock.h>

#include <cstdio>

#include "hw/emu/hybrid_system.h"
#include "hw/emu/lanes_system.h"
#include "hw/emu/step_times.h"
#include "hw/model/lanes_form.h"
#include "tests/unit/hw/closed_form.h"
#include "tests/unit/hw/gru_fixture.h"

namespace recurd::emu {
namespace {

using hw::LaneCell;
using hw::LaneNumerics;

template <class System>
absl::StatusOr<std::unique_ptr<GruSystem>> Make(const hw::Timing& timing) {
  auto system = System::Make(timing);
  if (!system.ok()) return system.status();
  return std::unique_ptr<GruSystem>(std::move(*system));
}

// A stack's times in the emulator. Times don't depend on data: all are zero.
template <class... Configs>
class LaneTimes {
 public:
  static std::vector<hw::LaneShape> Shapes() {
    return {{Configs::kHiddenWords, Configs::kInputWords, Configs::kCell, Configs::kNumerics, Configs::kSets}...};
  }

  static StepTimes Run(const hw::Timing& timing) {
    const std::vector<Cycles> plain = RowTimes(timing, false), switched = RowTimes(timing, true);
    StepTimes times;
    times.first = plain[kRow - 1];
    times.steady =
        static_cast<double>(plain[(kSteps - 1) * kRow] - plain[kSteps / 2 * kRow]) / (kSteps - 1 - kSteps / 2);
    times.switch_in = switched[kRow - 1] - times.first;
    return times;
  }

  static void ExpectClosedForm() {
    ASSERT_EQ(hw::LanesLimit(Shapes()), "");
    for (const char* text : kTimingFiles) {
      SCOPED_TRACE(testing::Message() << "H=" << Shapes()[0].hidden_size << " I=" << Shapes()[0].input_size << " cell "
                                      << static_cast<int>(Shapes()[0].cell) << " numerics "
                                      << static_cast<int>(Shapes()[0].numerics) << "\n"
                                      << text);
      hw::Timing timing;
      ASSERT_EQ(hw::OverrideTiming(text, &timing), "");
      const StepTimes emulated = Run(timing);
      const hw::ClosedForm form = hw::LanesForm(Shapes(), timing);
      const double bound = 2 * static_cast<double>(timing.pl_clock);
      EXPECT_NEAR(static_cast<double>(form.first), static_cast<double>(emulated.first), bound) << "first";
      EXPECT_NEAR(static_cast<double>(form.steady), emulated.steady, bound) << "steady";
      EXPECT_NEAR(static_cast<double>(form.switch_in), static_cast<double>(emulated.switch_in), bound) << "switch";
      Cycles parts = 0;
      for (const hw::Part& part : form.parts) parts += part.cycles;
      EXPECT_EQ(parts, form.recurrent);
    }
  }

 private:
  static constexpr int kSteps = 24, kRow = (Configs::kStateWords + ...);

  static GruWeights Zeros(int hidden, int input, int gates) {
    GruWeights weights = RandomWeights(hidden, input, 0);
    weights.input.assign(gates * hidden * input, 0);
    weights.recurrent.assign(gates * hidden * hidden, 0);
    weights.bias.assign(gates * hidden, 0);
    return weights;
  }

  template <size_t... layer>
  static void SetWeights(LanesSystem<Configs...>* system, std::index_sequence<layer...>) {
    (system->template SetLayerWeights<layer>({Zeros(Configs::kHiddenWords, Configs::kInputWords, Configs::kGates)}),
     ...);
  }

  static std::vector<Cycles> RowTimes(const hw::Timing& timing, bool switched) {
    auto system = *LanesSystem<Configs...>::Make(timing);
    SetWeights(system.get(), std::make_index_sequence<sizeof...(Configs)>());
    const int input = Shapes()[0].input_size;
    const std::vector<float> x(kSteps * input), state(kRow);
    CommandWriter writer;
    if (switched) writer.Switch(0, 0, state.data(), kRow);
    writer.Run(0, 0, 1, x.data(), kSteps, input);
    system->Give(writer.Take());
    const size_t before = (switched ? 4 + kRow : 0) + 4;
    EXPECT_TRUE(system->RunUntil(before + kSteps * kRow).ok());
    return std::vector<Cycles>(system->times().begin() + static_cast<std::ptrdiff_t>(before), system->times().end());
  }
};

template <int hidden, int input, LaneCell cell, LaneNumerics numerics, int sets = 2>
using Config = hw::LanesConfig<hidden, input, cell, numerics, sets>;
template <int hidden, int input, LaneCell cell, LaneNumerics numerics, int sets = 2>
using Times = LaneTimes<Config<hidden, input, cell, numerics, sets>>;

constexpr LaneCell kBefore = LaneCell::kGruBefore, kAfter = LaneCell::kGruAfter, kLstm = LaneCell::kLstm;
constexpr LaneNumerics kLut = LaneNumerics::kLut, kExact = LaneNumerics::kExact;

void Print(const char* what, double steady, double hybrid) {
  std::printf("modelled %s: %.1f ns a step, %.3f of hybrid's\n", what, steady * hw::kNsPerCycle, steady / hybrid);
}

// The measure is the paper's mapping at the same size, with the reset before the matrix.
double HybridSteady() {
  static const double steady =
      RunStepTimes(&Make<HybridSystem<hw::GruConfig<32, 8, hw::Reset::kBefore>>>, hw::Timing(), 32, 8, 24)->steady;
  return steady;
}

// Prints what the step consists of.
template <int input, hw::Reset reset>
void ExpectShareOfHybrid(double share) {
  using System = GruLanesLut<hw::GruConfig<32, input, reset>>;
  const auto lut = RunStepTimes(&Make<System>, hw::Timing(), 32, input, 24);
  ASSERT_TRUE(lut.ok()) << lut.status();
  EXPECT_LE(lut->steady, share * HybridSteady());
  EXPECT_LE(System::Graph::kTiles, 24);

  constexpr LaneCell cell = reset == hw::Reset::kBefore ? kBefore : kAfter;
  const hw::ClosedForm form = hw::LanesForm({{32, input, cell, kLut}}, hw::Timing());
  EXPECT_EQ(static_cast<double>(form.steady), lut->steady) << "the parts below are the step";
  Print(cell == kBefore ? "H=32 reset before, lut" : "H=32 reset after, lut", lut->steady, HybridSteady());
  for (const hw::Part& part : form.parts) {
    if (part.cycles != 0) std::printf("  %-28s %3d cycles\n", part.name, static_cast<int>(part.cycles));
  }
  Print("the same, exact", Times<32, input, cell, kExact>::Run(hw::Timing()).steady, HybridSteady());
}

TEST(LanesTime, ResetBeforeTakesAtMost48PercentOfHybrid) {
  ExpectShareOfHybrid<8, hw::Reset::kBefore>(0.48);
  ExpectShareOfHybrid<64, hw::Reset::kBefore>(0.48);
}
TEST(LanesTime, ResetAfterTakesAtMost35PercentOfHybrid) {
  ExpectShareOfHybrid<8, hw::Reset::kAfter>(0.35);
  ExpectShareOfHybrid<64, hw::Reset::kAfter>(0.35);
}
TEST(LanesTime, With128UnitsAStepTakesLessThan400Nanoseconds) {
  EXPECT_LT((Times<128, 64, kAfter, kLut>::Run(hw::Timing()).steady * hw::kNsPerCycle), 400);
}

TEST(LanesForm, AgreesWithTheEmulatorOnGrus) {
  Times<8, 8, kAfter, kLut>::ExpectClosedForm();
  Times<24, 128, kAfter, kExact>::ExpectClosedForm();
  Times<32, 8, kBefore, kLut>::ExpectClosedForm();
  Times<32, 8, kBefore, kExact>::ExpectClosedForm();
  Times<32, 64, kBefore, kExact>::ExpectClosedForm();
  Times<32, 8, kAfter, kExact>::ExpectClosedForm();
  Times<32, 64, kAfter, kExact>::ExpectClosedForm();
  Times<32, 64, kAfter, kLut>::ExpectClosedForm();
  Times<32, 256, kAfter, kLut, 1>::ExpectClosedForm();
  Times<128, 64, kAfter, kLut>::ExpectClosedForm();
  Times<256, 8, kBefore, kLut, 1>::ExpectClosedForm();
  Times<32, 256, kBefore, kLut, 2>::ExpectClosedForm();
  Times<256, 64, kAfter, kLut, 2>::ExpectClosedForm();
}
TEST(LanesForm, AgreesWithTheEmulatorOnLstms) {
  Times<32, 8, kLstm, kLut>::ExpectClosedForm();
  Times<32, 64, kLstm, kExact>::ExpectClosedForm();
  Times<128, 8, kLstm, kLut>::ExpectClosedForm();
}
// Tiles that compute on the second vector let the rest of it wait, longer than their routes hold.
TEST(LanesForm, AgreesWithTheEmulatorWhereBusyTilesHoldUpTheSecondVector) {
  Times<64, 64, kLstm, kExact>::ExpectClosedForm();
  Times<128, 128, kAfter, kExact>::ExpectClosedForm();
  Times<232, 8, kLstm, kExact, 1>::ExpectClosedForm();
  Times<256, 64, kAfter, kExact, 1>::ExpectClosedForm();
}
TEST(LanesForm, AgreesWithTheEmulatorOnEveryActivation) {
  Times<32, 8, kBefore, LaneNumerics::kLutInterpolated>::ExpectClosedForm();
  Times<32, 64, kAfter, LaneNumerics::kLutInterpolated>::ExpectClosedForm();
  Times<32, 8, kBefore, LaneNumerics::kPiecewiseLinear>::ExpectClosedForm();
  Times<32, 8, kBefore, LaneNumerics::kCordic>::ExpectClosedForm();
  Times<32, 64, kAfter, LaneNumerics::kCordic>::ExpectClosedForm();
  Times<32, 8, kLstm, LaneNumerics::kCordic>::ExpectClosedForm();
  Times<32, 8, kBefore, LaneNumerics::kPolynomial>::ExpectClosedForm();
  Times<32, 8, kLstm, LaneNumerics::kPolynomial>::ExpectClosedForm();
}
TEST(LanesForm, AgreesWithTheEmulatorOnStacks) {
  LaneTimes<Config<32, 8, kAfter, kLut>, Config<32, 32, kAfter, kLut>>::ExpectClosedForm();
  LaneTimes<Config<32, 8, kLstm, kLut>, Config<16, 32, kBefore, kExact>>::ExpectClosedForm();
}

TEST(LanesLimit, NamesWhatIsTooMuch) {
  using testing::HasSubstr;
  EXPECT_EQ(hw::LanesLimit({{256, 64, kAfter, kLut, 2}}), "");
  EXPECT_EQ(hw::LanesLimit({{304, 8, kBefore, kExact, 2}}), "");
  EXPECT_THAT(hw::LanesLimit({{320, 64, kAfter, kLut, 1}}), HasSubstr("120, but the limit is 117"));
  EXPECT_THAT(hw::LanesLimit({{256, 64, kAfter, kLut, 4}}), HasSubstr("51464, but the limit is 32768"));
  EXPECT_THAT(hw::LanesLimit({{256, 128, kAfter, kLut, 2}}), HasSubstr("rows of tiles above 9, but the limit is 8"));
}

}  // namespace
}  // namespace recurd::emu
