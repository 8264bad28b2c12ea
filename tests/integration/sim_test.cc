// The daemon as a process with --pipeline=sim, serving the shipped models on each mapping.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "tests/integration/child.h"
#include "tests/integration/digits_client.h"

namespace recurd {
namespace {

using ::testing::HasSubstr;

struct MappingCase {
  const char* name;
  const char* profile;
  // Of logits up to 20, beside the cpu's; 0: the same bits. Measured: 0.030 with tables.
  double bound;
};
constexpr MappingCase kMappings[] = {
    {"lanes", "f32/col2/lut2/ftz", 0.05},     {"lanes_exact", "f32/col2/act1/ftz", 0},
    {"cascade", "f32/chain8/lut1/ftz", 0.05}, {"hybrid", "f32/row8/lut1/ftz", 0.05},
    {"aie", "f32/row8/lut1/ftz", 0.05},
};
constexpr const char* kModels[] = {"digits", "digits_reset_before"};

class SimDaemonTest : public testing::TestWithParam<MappingCase> {
 protected:
  std::vector<std::string> Flags(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> flags = {"--pipeline=sim", std::string("--mapping=") + GetParam().name};
    flags.insert(flags.end(), more.begin(), more.end());
    return flags;
  }
};

INSTANTIATE_TEST_SUITE_P(Mappings, SimDaemonTest, testing::ValuesIn(kMappings),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_P(SimDaemonTest, ReadsTheHeldOutDigitsAsWellAsTheCpu) {
  const Daemon cpu, sim(Flags());
  for (const char* model : kModels) {
    const Digits digits = LoadDigits(model);
    const size_t count = digits.sequences.size();
    const Answers ours = ReadDigits(sim, model, digits, count), theirs = ReadDigits(cpu, model, digits, count);
    EXPECT_NEAR(ours.right, theirs.right, 1);  // of 200: half a point
    const double worst = WorstDifference(ours, theirs);
    EXPECT_LE(worst, GetParam().bound);
    RecordProperty(std::string("worst_") + model, std::to_string(worst));
  }
}

TEST_P(SimDaemonTest, TheEmulatedArrayItselfGivesTheSameBits) {
  const Daemon sim(Flags()), exact(Flags({"--sim_exact"}));
  for (const char* model : kModels) {
    const Digits digits = LoadDigits(model);
    EXPECT_EQ(ReadDigits(exact, model, digits, 10).logits, ReadDigits(sim, model, digits, 10).logits);
  }
}

TEST_P(SimDaemonTest, SaysWhereAModelLiesAndWhatItsStepsTakeModelled) {
  const Daemon sim(Flags({"--quantum_us=1000000"}));  // each run of a chunk has a first step
  for (const char* model : kModels) {
    const v1::GetModelResponse described = Client(sim).GetModel(model);
    EXPECT_EQ(described.numerics_profile(), GetParam().profile);
    const auto& placement = described.placement();
    EXPECT_EQ(placement.mapping(), GetParam().name);
    EXPECT_GT(placement.tile_count(), 0u);
    const auto& time = placement.modelled();
    EXPECT_GT(time.steady_ns(), 50);
    const double digit_ns = time.switch_ns() + time.first_ns() + 7 * time.steady_ns();
    EXPECT_NEAR(static_cast<double>(ReadDigits(sim, model, LoadDigits(model), 1).modelled_ns), digit_ns, 1);
  }
  EXPECT_THAT(sim.log(), HasSubstr(std::string("by the mapping ") + GetParam().name + ","));
  EXPECT_THAT(sim.log(), HasSubstr("modelled: first step"));
}

TEST(SimDaemonMetricsTest, ModelledTimesHaveAMetricOfTheirOwn) {
  const Daemon sim({"--pipeline=sim", "--mapping=hybrid"});
  const std::string command = "bash " RECURD_SOURCE_DIR "/tests/integration/prometheus_scrape.sh " +
                              sim.metrics_address() +
                              " 'count(recurd_modelled_step_seconds{mapping=\"hybrid\"}) == 6'"
                              " 'recurd_modelled_step_seconds{model=\"digits\",kind=\"steady\"} > 1e-7'"
                              " 'recurd_modelled_step_seconds{model=\"digits\",kind=\"steady\"} < 1e-6'";
  EXPECT_EQ(std::system(command.c_str()), 0);
}

TEST(SimDaemonMetricsTest, TheCpuHasNoModelledTimes) {
  const Daemon cpu;
  EXPECT_FALSE(Client(cpu).GetModel("digits").has_placement());
  EXPECT_EQ(ReadDigits(cpu, "digits", LoadDigits(), 1).modelled_ns, 0u);
}

TEST(SimDaemonAutoTest, TakesTheFastestMappingForEachModelAndSaysWhich) {
  const Daemon sim({"--pipeline=sim"});
  for (const char* model : kModels) {
    const v1::GetModelResponse described = Client(sim).GetModel(model);
    const auto& placement = described.placement();
    EXPECT_THAT(sim.log(),
                HasSubstr(std::string(model) + "/1 lies on the array by the mapping " + placement.mapping()));
    for (const MappingCase& other : kMappings) {
      if (placement.mapping() == other.name) {
        EXPECT_EQ(described.numerics_profile(), other.profile);
      }
      const Daemon alone({"--pipeline=sim", std::string("--mapping=") + other.name});
      EXPECT_LE(placement.modelled().steady_ns(), Client(alone).GetModel(model).placement().modelled().steady_ns());
    }
  }
}

}  // namespace
}  // namespace recurd
