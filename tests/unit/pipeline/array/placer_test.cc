#include "server/pipeline/array/placer.h"

#include <algorithm>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/numeric/activation_form.h"
#include "tests/unit/fakes/random_model.h"

namespace recurd::array {
namespace {

using testing::AllOf;
using testing::HasSubstr;

Model Stack(const std::vector<std::pair<LayerKind, int>>& layers, int input_size = 6) {
  RandomModelBuilder builder(input_size);
  for (const auto& [kind, hidden] : layers) builder.AddLayer(kind, hidden);
  builder.AddOutput("h", builder.last());
  return std::move(builder.model());
}

Model OneGru(int hidden, int input) { return Stack({{LayerKind::kGruResetAfter, hidden}}, input); }

PlacedModel PlaceOn(const std::string& mapping, const Model& model, const hw::Timing& timing = {}) {
  const auto placed = Placer(timing).Place(model, FindMappings(mapping).value());
  EXPECT_TRUE(placed.ok()) << placed.status();
  return placed.value();
}

std::string WhyNot(const std::string& mapping, const Model& model) {
  const absl::Status status = Placer({}).Place(model, FindMappings(mapping).value()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  return std::string(status.message());
}

TEST(PlacerTest, ALayerGoesOnTheSmallestArrayThatHostsIt) {
  const auto shape = [](int hidden, int input) { return PlaceOn("hybrid", OneGru(hidden, input)).layers[0]->shape; };
  EXPECT_EQ(shape(32, 8).hidden_size, 32);
  EXPECT_EQ(shape(32, 8).input_size, 8);
  EXPECT_EQ(shape(20, 6).input_size, 8);
  EXPECT_EQ(shape(20, 9).input_size, 64);
  EXPECT_EQ(shape(33, 6).hidden_size, 64);
}

TEST(PlacerTest, EachFormOfResetHasItsOwnArray) {
  for (LayerKind kind : {LayerKind::kGruResetBefore, LayerKind::kGruResetAfter}) {
    const auto cell = kind == LayerKind::kGruResetBefore ? hw::LaneCell::kGruBefore : hw::LaneCell::kGruAfter;
    EXPECT_EQ(PlaceOn("hybrid", Stack({{kind, 32}})).layers[0]->shape.cell, cell);
  }
}

TEST(PlacerTest, ThePapersHybridTakesNineTilesAUnitAndOne) {
  const Placement placement = PlaceOn("hybrid", OneGru(32, 8)).placement;
  EXPECT_EQ(placement.mapping, "hybrid");
  EXPECT_EQ(placement.tile_count, 289);
  EXPECT_GT(placement.plio_count, 32);
  EXPECT_GT(placement.memory_bytes, 289 * 1024);
}

TEST(PlacerTest, TilesAndTimesOfLayersAddUp) {
  const Placement one = PlaceOn("hybrid", OneGru(32, 6)).placement;
  const Model model = Stack({{LayerKind::kGruResetAfter, 8}, {LayerKind::kGruResetAfter, 8}});
  const Placement two = PlaceOn("hybrid", model).placement;
  EXPECT_EQ(two.tile_count, 2 * one.tile_count);
  EXPECT_DOUBLE_EQ(two.modelled.first_ns, 2 * one.modelled.first_ns);
  EXPECT_DOUBLE_EQ(two.modelled.steady_ns, 2 * one.modelled.steady_ns);
  EXPECT_DOUBLE_EQ(two.modelled.switch_ns, 2 * one.modelled.switch_ns);
}

TEST(PlacerTest, AutoTakesTheMappingWithTheShortestModelledStep) {
  const Model model = OneGru(32, 8);
  std::vector<double> steps;
  for (const MappingEntry& mapping : Mappings())
    steps.push_back(PlaceOn(mapping.name, model).placement.modelled.steady_ns);
  const PlacedModel best = PlaceOn("auto", model);
  EXPECT_GT(best.placement.modelled.steady_ns, 0);
  EXPECT_EQ(best.placement.modelled.steady_ns, *std::min_element(steps.begin(), steps.end()));
}

TEST(PlacerTest, ModelledTimesFollowTheTimingConstants) {
  hw::Timing slow;
  slow.cdc_to_pl += 100;
  const ModelledTime before = PlaceOn("hybrid", OneGru(32, 8)).placement.modelled;
  const ModelledTime after = PlaceOn("hybrid", OneGru(32, 8), slow).placement.modelled;
  EXPECT_NEAR(after.steady_ns - before.steady_ns, 2 * 100 * hw::kNsPerCycle, 4);  // r and n come to the PL
}

TEST(PlacerTest, ALayerLargerThanEveryArrayIsRefusedWithItsSizeTheLimitAndTheWayOut) {
  const std::string why = WhyNot("hybrid", OneGru(65, 6));
  EXPECT_THAT(why,
              AllOf(HasSubstr("'random'"), HasSubstr("'layer'"), HasSubstr("65 units and 6 inputs"),
                    HasSubstr("64 units with 64 inputs"), HasSubstr("--mapping=hybrid"), HasSubstr("--pipeline=cpu")));
}

TEST(PlacerTest, ALayerOfAnotherKindIsRefusedWithTheReasonAndTheWayOut) {
  const std::string why = WhyNot("aie", Stack({{LayerKind::kGruResetAfter, 8}, {LayerKind::kRnn, 8}}));
  EXPECT_THAT(why, AllOf(HasSubstr("plain RNN layer"), HasSubstr("--mapping=aie"), HasSubstr("--pipeline=cpu")));
}

Model Asking(ActivationForm form, Model model) {
  model.activation = form;
  return model;
}

TEST(PlacerTest, AModelsActivationIsTheArrays) {
  for (const NamedForm& named : ActivationForms()) {
    const PlacedModel placed = PlaceOn("lanes", Asking(named.form, OneGru(20, 6)));
    EXPECT_EQ(placed.activation, named.form);
    EXPECT_EQ(placed.layers[0]->activation, named.form);
    EXPECT_EQ(placed.placement.mapping, "lanes");
  }
  EXPECT_EQ(PlaceOn("lanes", OneGru(20, 6)).activation, ActivationForm::kLut);
  EXPECT_EQ(PlaceOn("lanes_exact", OneGru(20, 6)).activation, ActivationForm::kExact);
}

TEST(PlacerTest, ExactOnLanesTakesTheArrayOfLanesExact) {
  const Model model = OneGru(20, 6);
  const PlacedModel lanes = PlaceOn("lanes", Asking(ActivationForm::kExact, model)),
                    exact = PlaceOn("lanes_exact", model);
  EXPECT_EQ(lanes.layers, exact.layers);
  EXPECT_EQ(lanes.mapping->ProfileOf(lanes.activation), exact.mapping->ProfileOf(exact.activation));
}

TEST(PlacerTest, ThePapersMappingsHaveTablesOnlyAndSayTheWayOut) {
  for (const char* mapping : {"hybrid", "aie", "cascade"}) {
    EXPECT_EQ(PlaceOn(mapping, Asking(ActivationForm::kLut, OneGru(20, 6))).activation, ActivationForm::kLut);
    EXPECT_THAT(WhyNot(mapping, Asking(ActivationForm::kCordic, OneGru(20, 6))),
                AllOf(HasSubstr(std::string("--mapping=") + mapping), HasSubstr("activation lut"),
                      HasSubstr("asks for cordic"), HasSubstr("--mapping=lanes")));
  }
  EXPECT_THAT(WhyNot("lanes_exact", Asking(ActivationForm::kLut, OneGru(20, 6))),
              AllOf(HasSubstr("activation exact"), HasSubstr("asks for lut")));
}

TEST(PlacerTest, AutoTakesAMappingThatHasTheActivation) {
  EXPECT_EQ(PlaceOn("auto", Asking(ActivationForm::kCordic, OneGru(20, 6))).placement.mapping, "lanes");
  EXPECT_EQ(PlaceOn("auto", Asking(ActivationForm::kPolynomial, OneGru(20, 6))).activation,
            ActivationForm::kPolynomial);
}

TEST(PlacerTest, ALayerTooLargeForAnActivationIsRefusedWithItsSizes) {
  EXPECT_THAT(WhyNot("lanes", Asking(ActivationForm::kCordic, OneGru(33, 6))),
              AllOf(HasSubstr("33 units"), HasSubstr("with the activation cordic"),
                    HasSubstr("built for at most 32 units with 8 inputs, 32 units with 64 inputs")));
}

TEST(PlacerTest, AutoSaysOfEachMappingWhyNot) {
  const std::string why = WhyNot("auto", Stack({{LayerKind::kRnn, 8}}));
  for (const MappingEntry& mapping : Mappings()) EXPECT_THAT(why, HasSubstr(std::string("--mapping=") + mapping.name));
}

TEST(PlacerTest, AnUnknownMappingIsRefusedWithTheChoices) {
  const absl::Status status = FindMappings("diagonal").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr("diagonal"), HasSubstr("auto"), HasSubstr("hybrid")));
}

TEST(PlacerTest, RefusesWeightsThatNoArrayHas) {
  EXPECT_EQ(CheckForArray({.name = "narrow", .weights = WeightStorage::kInt8}).message(),
            "model 'narrow' asks for weights int8; the array's are fp32: serve it with --pipeline=cpu");
}

TEST(PlacerTest, RefusesAModelThatNeedsItsWholeSequence) {
  Model model{.name = "bi", .whole_sequence_reason = "node 'bi' (LSTM): it runs backward"};
  model.passes.push_back({.backward = true, .step = std::make_shared<const Model>()});
  EXPECT_EQ(
      WhyNot("lanes", model),
      "model 'bi': node 'bi' (LSTM): it runs backward; the array only runs forward: serve it with --pipeline=cpu");
}

}  // namespace
}  // namespace recurd::array
