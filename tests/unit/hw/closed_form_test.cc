// The closed form on its own, and on geometries that the mappings' tests have not.
#include "tests/unit/hw/closed_form.h"

#include "hw/emu/aie_system.h"
#include "hw/emu/cascade_system.h"
#include "hw/emu/hybrid_system.h"
#include "hw/emu/placement_sizes.h"

namespace recurd::emu {
namespace {

using hw::Reset;

template <int hidden, int input, Reset reset>
void ExpectBothForms() {
  using Config = hw::GruConfig<hidden, input, reset>;
  ExpectClosedForm(MakeSystem<HybridSystem<Config>>, {hw::kMappingHybrid, hidden, input, reset});
  ExpectClosedForm(MakeSystem<AieSystem<Config>>, {hw::kMappingAie, hidden, input, reset});
}

TEST(ClosedForm, MeetsTheEmulatorWhereInputsAreLong) {
  ExpectBothForms<8, 512, Reset::kAfter>();
  ExpectBothForms<20, 512, Reset::kBefore>();
  ExpectBothForms<24, 128, Reset::kAfter>();
  ExpectBothForms<32, 512, Reset::kBefore>();
}

TEST(ClosedForm, MeetsTheEmulatorWhereTilesServeSeveralRows) {
  ExpectBothForms<36, 8, Reset::kAfter>();
  ExpectBothForms<64, 512, Reset::kBefore>();
  ExpectBothForms<96, 128, Reset::kBefore>();
}

TEST(ClosedForm, MeetsTheEmulatorWhereChainsAreLong) {
  using Config = hw::GruConfig<96, 384, Reset::kBefore>;
  ExpectClosedForm(MakeSystem<CascadeSystem<Config>>, {hw::kMappingCascade, 96, 384, Reset::kBefore});
}

TEST(ClosedForm, PartsAddUpToTheLoop) {
  for (const hw::Mapping mapping : {hw::kMappingHybrid, hw::kMappingAie, hw::kMappingCascade}) {
    for (const int hidden : {8, 32, 64}) {
      const hw::ClosedForm form = hw::ComputeClosedForm({mapping, hidden, 8, Reset::kBefore}, hw::Timing());
      Cycles sum = 0;
      for (const hw::Part& part : form.parts) {
        EXPECT_GE(part.cycles, 0) << part.name;
        sum += part.cycles;
      }
      EXPECT_EQ(sum, form.recurrent);
      EXPECT_EQ(form.steady, form.recurrent);
    }
  }
}

TEST(ClosedForm, SizesThatPadToTheSameWordsTakeTheSameTime) {
  const hw::ClosedForm shorter = hw::ComputeClosedForm({hw::kMappingHybrid, 17, 505, Reset::kBefore}, hw::Timing());
  const hw::ClosedForm full = hw::ComputeClosedForm({hw::kMappingHybrid, 17, 512, Reset::kBefore}, hw::Timing());
  EXPECT_EQ(shorter.first, full.first);
  EXPECT_EQ(shorter.steady, full.steady);
}

TEST(ClosedForm, AStepOfLongInputsTakesAWordACycle) {
  const hw::Shape shape{hw::kMappingHybrid, 32, 1024, Reset::kBefore};
  hw::Shape longer = shape;
  longer.input_size += 64;
  EXPECT_EQ(hw::ComputeClosedForm(longer, hw::Timing()).steady, hw::ComputeClosedForm(shape, hw::Timing()).steady + 64);
}

}  // namespace
}  // namespace recurd::emu
