// Layers on placements that are larger than they: zeros fill them up and nothing of them comes through.
#include "hw/emu/placement.h"

#include <functional>
#include <map>
#include <memory>

#include "hw/emu/plain_colwise.h"
#include "server/numeric/activation_form.h"
#include "tests/unit/hw/lanes_fixture.h"

namespace recurd::emu {
namespace {

constexpr int kHidden = 20, kInput = 6, kSteps = 12;

std::string NameOf(const Placement& placement) {
  static const std::map<hw::Mapping, std::string> mappings = {{hw::kMappingHybrid, "hybrid"},
                                                              {hw::kMappingAie, "aie"},
                                                              {hw::kMappingCascade, "cascade"},
                                                              {hw::kMappingLanes, "lanes"},
                                                              {hw::kMappingLanesExact, "lanes_exact"}};
  static const std::map<LaneCell, std::string> cells = {
      {LaneCell::kGruBefore, "before"}, {LaneCell::kGruAfter, "after"}, {LaneCell::kLstm, "lstm"}};
  return mappings.at(placement.mapping) + "_" + std::to_string(placement.shape.hidden_size) + "_" +
         std::to_string(placement.shape.input_size) + "_" + cells.at(placement.shape.cell) + "_" +
         recurd::NameOf(placement.activation);
}

class PlacementTest : public testing::TestWithParam<Placement> {
 protected:
  LaneCell cell() const { return GetParam().shape.cell; }
  size_t parts() const { return cell() == LaneCell::kLstm ? 2 : 1; }
  size_t padded() const { return GetParam().shape.StateWords() / parts(); }

  // The real rows of each step's state, from a state whose unused rows are `unused`.
  std::vector<uint32_t> RealRows(float unused) const {
    const ScopedFlushToZero flush;
    auto system = GetParam().make(hw::Timing());
    EXPECT_TRUE(system.ok()) << system.status();
    (*system)->SetWeights({PadWeights(weights_, GetParam())});
    CommandWriter writer;
    writer.Switch(0, 1, PaddedState(unused).data(), GetParam().shape.StateWords());
    writer.Run(0, 0, 2, PaddedInputs().data(), kSteps, GetParam().shape.input_size);
    (*system)->Give(writer.Take());
    const size_t before = 4 + parts() * padded() + 4;
    const absl::Status status = (*system)->RunUntil(before + kSteps * parts() * padded());
    EXPECT_TRUE(status.ok()) << status;
    std::vector<uint32_t> rows;
    for (size_t part = 0; part < kSteps * parts(); ++part) {
      const auto row = Slice((*system)->results(), before + part * padded(), kHidden);
      rows.insert(rows.end(), row.begin(), row.end());
    }
    return rows;
  }

  // By the mapping's oracle for the layer's own size.
  std::vector<uint32_t> OwnRows() const {
    const ScopedFlushToZero flush;
    const PlainStep step = Oracle();
    std::vector<float> state = initial_;
    std::vector<uint32_t> rows;
    for (int i = 0; i < kSteps; ++i) {
      step(&inputs_[i * kInput], state.data());
      const size_t at = rows.size();
      rows.resize(at + state.size());
      memcpy(&rows[at], state.data(), 4 * state.size());
    }
    return rows;
  }

 private:
  using PlainStep = std::function<void(const float* x, float* state)>;

  template <class Evaluator>
  PlainStep StepOf(std::shared_ptr<Evaluator> evaluator) const {
    return [evaluator](const float* x, float* state) { evaluator->Step(x, state); };
  }

  PlainStep Oracle() const {
    const bool before = cell() == LaneCell::kGruBefore;
    if (GetParam().mapping == hw::kMappingLanes || GetParam().mapping == hw::kMappingLanesExact) {
      return StepOf(std::make_shared<LayerOracle>(weights_, cell(), GetParam().activation));
    }
    if (GetParam().mapping == hw::kMappingCascade) return StepOf(std::make_shared<PlainColwise>(weights_, before));
    return StepOf(std::make_shared<PlainRowwise>(weights_, before));
  }

  std::vector<float> PaddedState(float unused) const {
    std::vector<float> state(parts() * padded(), unused);
    for (size_t part = 0; part < parts(); ++part) {
      std::copy_n(&initial_[part * kHidden], kHidden, &state[part * padded()]);
    }
    return state;
  }

  std::vector<float> PaddedInputs() const {
    std::vector<float> padded;
    for (int step = 0; step < kSteps; ++step) {
      padded.insert(padded.end(), &inputs_[step * kInput], &inputs_[step * kInput] + kInput);
      padded.resize(static_cast<size_t>(step + 1) * GetParam().shape.input_size);
    }
    return padded;
  }

  const GruWeights weights_ = RandomLayer(kHidden, kInput, cell(), 7);
  const std::vector<float> inputs_ = RandomFloats(kSteps * kInput, 5, 1),
                           initial_ = RandomFloats(parts() * kHidden, 6, 1);
};

INSTANTIATE_TEST_SUITE_P(Built, PlacementTest, testing::ValuesIn(BuiltPlacements()),
                         [](const auto& info) { return NameOf(info.param); });

INSTANTIATE_TEST_SUITE_P(Variants, PlacementTest, testing::ValuesIn(BuiltVariants()),
                         [](const auto& info) { return NameOf(info.param); });

TEST_P(PlacementTest, ASmallerLayersBitsAreThoseOfItsOwnSize) { EXPECT_EQ(RealRows(0), OwnRows()); }

TEST_P(PlacementTest, WhatUnusedRowsHoldReachesNoRealRow) { EXPECT_EQ(RealRows(-0.75f), RealRows(0)); }

TEST_P(PlacementTest, FitsTheDevice) {
  const auto system = GetParam().make(hw::Timing());
  ASSERT_TRUE(system.ok()) << system.status();
  EXPECT_EQ(LintGraph((*system)->nodes()), std::vector<std::string>());
}

TEST(FindPlacementTest, TakesTheSmallestThatHostsTheLayer) {
  for (const Placement& placement : BuiltPlacements()) {
    LayerShape shape = placement.shape;
    EXPECT_EQ(FindPlacement(placement.mapping, shape), &placement);
    shape.input_size -= hw::kLanes - 1;
    EXPECT_EQ(FindPlacement(placement.mapping, shape), &placement);
  }
}

TEST(FindVariantTest, TakesTheSmallestWithTheActivationThatHostsTheLayer) {
  for (const Placement& placement : BuiltVariants()) {
    EXPECT_EQ(FindVariant(placement.activation, placement.shape), &placement);
  }
  const LayerShape small{20, 6, LaneCell::kLstm};
  EXPECT_EQ(FindVariant(hw::ActivationForm::kLut, small), FindPlacement(hw::kMappingLanes, small));
  EXPECT_EQ(FindVariant(hw::ActivationForm::kExact, small), FindPlacement(hw::kMappingLanesExact, small));
  EXPECT_EQ(FindVariant(hw::ActivationForm::kCordic, {4096, 8, LaneCell::kLstm}), nullptr);
}

TEST(FindPlacementTest, FindsNoneForALayerLargerThanAllOrOfACellThatTheMappingHasNot) {
  EXPECT_EQ(FindPlacement(hw::kMappingHybrid, {4096, 8, LaneCell::kGruAfter}), nullptr);
  EXPECT_EQ(FindPlacement(hw::kMappingHybrid, {8, 4096, LaneCell::kGruAfter}), nullptr);
  EXPECT_EQ(FindPlacement(hw::kMappingHybrid, {8, 8, LaneCell::kLstm}), nullptr);
}

TEST(CountResourcesTest, CountsTilesPliosAndDataMemory) {
  const Placement* paper = FindPlacement(hw::kMappingHybrid, {32, 8, LaneCell::kGruBefore});
  const auto system = paper->make(hw::Timing());
  ASSERT_TRUE(system.ok()) << system.status();
  const Resources resources = CountResources((*system)->nodes());
  EXPECT_EQ(resources.tiles, 9 * 32 + 1);
  EXPECT_EQ(resources.plios, 4 + 32);
  EXPECT_GT(resources.data_bytes, resources.tiles * 2048);
}

}  // namespace
}  // namespace recurd::emu
