#include "server/pipeline/sim/sim_pipeline.h"

#include <algorithm>
#include <fstream>
#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hw/emu/plain_colwise.h"
#include "hw/emu/plain_lanes.h"
#include "hw/emu/plain_rowwise.h"
#include "server/model/evaluate.h"
#include "server/numeric/activation_form.h"
#include "server/numeric/denormals.h"
#include "server/numeric/profile.h"
#include "server/numeric/reference.h"
#include "server/pipeline/array/layer.h"
#include "tests/unit/pipeline/sequence.h"

namespace recurd {
namespace {

using testing::HasSubstr;

constexpr int kSteps = Sequence::kSteps;
constexpr LayerKind kResets[] = {LayerKind::kGruResetBefore, LayerKind::kGruResetAfter};

std::unique_ptr<SimPipeline> MakeSim(const std::string& mapping, bool exact = false) {
  auto pipeline = SimPipeline::Make(mapping, exact, "");
  EXPECT_TRUE(pipeline.ok()) << pipeline.status();
  return *std::move(pipeline);
}

// Layers, the first of which the processor feeds and the last of which it reads; the outputs are y and h.
Model Stack(int input_size, const std::vector<std::pair<LayerKind, int>>& layers) {
  RandomModelBuilder builder(input_size);
  builder.AddDense(input_size);
  for (const auto& [kind, hidden] : layers) builder.AddLayer(kind, hidden);
  const Span hidden = builder.last();
  builder.AddDense(3);
  builder.AddOutput("y", builder.last());
  builder.AddOutput("h", hidden);
  return std::move(builder.model());
}

// One layer without a head, so that input and output rows are the layer's own.
Model Bare(LayerKind kind, int input_size, int hidden_size) {
  RandomModelBuilder builder(input_size);
  builder.AddLayer(kind, hidden_size);
  builder.AddOutput("h", builder.last());
  return std::move(builder.model());
}

template <class Evaluator>
std::vector<float> PlainStates(const Model& model, const std::vector<float>& inputs) {
  const ScopedFlushToZero flush;
  const auto& layer = std::get<RecurrentOp>(model.ops[0]);
  const emu::GruWeights weights = array::WeightsOf(layer);
  const Evaluator plain(weights, !layer.linear_before_reset);
  std::vector<float> h = model.initial_state, states;
  for (size_t at = 0; at < inputs.size(); at += model.input_size) {
    plain.Step(&inputs[at], h.data());
    states.insert(states.end(), h.begin(), h.end());
  }
  return states;
}

std::vector<float> LanesStates(const Model& model, const std::vector<float>& inputs) {
  const ScopedFlushToZero flush;
  const auto& layer = std::get<RecurrentOp>(model.ops[0]);
  const emu::PlainLanes plain(array::WeightsOf(layer), array::ShapeOf(layer).cell);
  std::vector<float> state = model.initial_state, states;
  for (size_t at = 0; at < inputs.size(); at += model.input_size) {
    plain.Step(&inputs[at], state.data());
    states.insert(states.end(), state.begin(), state.begin() + model.output_size);
  }
  return states;
}

std::vector<float> ReferenceStates(const Model& model, const std::vector<float>& inputs) {
  const int steps = static_cast<int>(inputs.size()) / model.input_size;
  std::vector<float> state = model.initial_state, outputs(static_cast<size_t>(steps) * model.output_size);
  Evaluate(model, inputs.data(), steps, state.data(), outputs.data());
  return outputs;
}

std::vector<float> StatesOf(const std::string& mapping, const Model& model, const std::vector<float>& inputs) {
  if (mapping == "lanes_exact") return ReferenceStates(model, inputs);
  if (mapping == "lanes") return LanesStates(model, inputs);
  if (mapping == "cascade") return PlainStates<emu::PlainColwise>(model, inputs);
  return PlainStates<emu::PlainRowwise>(model, inputs);
}

class SimPipelineTest : public testing::TestWithParam<const char*> {
 protected:
  std::unique_ptr<SimPipeline> pipeline_ = MakeSim(GetParam());
  std::unique_ptr<SimPipeline> exact_ = MakeSim(GetParam(), true);
};

INSTANTIATE_TEST_SUITE_P(Mappings, SimPipelineTest, testing::Values("lanes", "lanes_exact", "hybrid", "aie", "cascade"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(SimPipelineTest, ALayersStatesAreThePlainEvaluatorsBits) {
  for (LayerKind kind : kResets) {
    for (const auto& [input, hidden] : {std::pair{1, 1}, {3, 5}, {8, 32}, {33, 64}}) {
      Sequence sequence(*pipeline_, Bare(kind, input, hidden));
      sequence.RunAll([] { return 5; });
      EXPECT_EQ(sequence.outputs_, StatesOf(GetParam(), *sequence.model_, sequence.inputs_));
    }
  }
}

TEST_P(SimPipelineTest, TheOperatorsAroundALayerAreTheReferences) {
  Sequence sequence(*pipeline_, Stack(6, {{LayerKind::kGruResetAfter, 20}}));
  sequence.RunAll([] { return kSteps; });
  const auto& head = std::get<DenseOp>(sequence.model_->ops[2]);
  const ScopedFlushToZero flush;
  for (size_t at = 0; at < sequence.outputs_.size(); at += 23) {
    float y[3];
    ReferenceDense(head.matrix.values.data(), head.bias.data(), 3, 20, &sequence.outputs_[at + 3], y);
    for (int i = 0; i < 3; ++i) ASSERT_EQ(y[i], sequence.outputs_[at + i]);
  }
}

TEST_P(SimPipelineTest, EveryCutIntoRunsGivesTheSameBits) {
  const Model model = Stack(6, {{LayerKind::kGruResetBefore, 20}, {LayerKind::kGruResetAfter, 13}});
  Sequence whole(*pipeline_, model), single(*pipeline_, model);
  whole.RunAll([] { return kSteps; });
  single.RunAll([] { return 1; });
  EXPECT_EQ(whole.Crc(), single.Crc());
}

TEST_P(SimPipelineTest, TheEmulatedArrayGivesThePlainEvaluatorsBits) {
  RandomFloats random(5);
  for (LayerKind kind : kResets) {
    for (const auto& [input, hidden] : {std::pair{1, 1}, {8, 32}, {40, 20}, {3, 40}}) {
      Sequence plain(*pipeline_, Stack(input, {{kind, hidden}})), exact(*exact_, Stack(input, {{kind, hidden}}));
      plain.RunAll([] { return kSteps; });
      exact.RunAll([&] { return 1 + random.NextInt(7); });
      EXPECT_EQ(exact.Crc(), plain.Crc()) << "H " << hidden << " I " << input;
    }
  }
}

TEST_P(SimPipelineTest, LayersOnEmulatedArraysOfTheirOwnGiveThePlainEvaluatorsBits) {
  const Model model = Stack(6, {{LayerKind::kGruResetBefore, 20}, {LayerKind::kGruResetAfter, 13}});
  Sequence plain(*pipeline_, model), exact(*exact_, model);
  plain.RunAll([] { return kSteps; });
  exact.RunAll([] { return 4; });
  EXPECT_EQ(exact.Crc(), plain.Crc());
}

// More sessions than slots: states leave the array and come back.
TEST_P(SimPipelineTest, SessionsThatAlternateOnOneEmulatedArrayEqualThoseAlone) {
  const Model model = Bare(LayerKind::kGruResetAfter, 3, 5);
  const Sequence plain(*pipeline_, model), exact(*exact_, model);
  std::vector<Sequence> alone, together;
  for (uint64_t seed = 0; seed <= hw::kStateSlots; ++seed) {
    alone.emplace_back(plain, seed).RunAll([] { return kSteps; });
    together.emplace_back(exact, seed);
  }
  int misses = 0;
  for (int step = 0; step < 6; ++step) {
    for (size_t i = 0; i < together.size(); ++i) {
      const int runs = i % 2 == 0 || step == 5 ? 1 : 2;  // some come again at once
      for (int run = 0; run < runs; ++run) {
        together[i].RunSteps(1, OutputSelection::Every());
        misses += !together[i].result_.state_hit;
      }
    }
  }
  EXPECT_EQ(misses, 6 * static_cast<int>(together.size()));
  for (size_t i = 0; i < together.size(); ++i) {
    const size_t count = together[i].outputs_.size();
    EXPECT_TRUE(std::equal(together[i].outputs_.begin(), together[i].outputs_.end(), alone[i].outputs_.begin())) << i;
    EXPECT_GT(count, 0u);
  }
}

TEST_P(SimPipelineTest, ANewStateIsAMissAndItsSuccessorAHit) {
  Sequence sequence(*pipeline_, Bare(LayerKind::kGruResetAfter, 8, 32));
  const ModelledTime time = sequence.prepared_->placement()->modelled;
  sequence.RunSteps(1, OutputSelection::Every());
  EXPECT_FALSE(sequence.result_.state_hit);
  EXPECT_DOUBLE_EQ(sequence.result_.modelled_ns, time.switch_ns + time.first_ns);
  sequence.RunSteps(7, OutputSelection::Every());
  EXPECT_TRUE(sequence.result_.state_hit);
  EXPECT_DOUBLE_EQ(sequence.result_.modelled_ns, time.first_ns + 6 * time.steady_ns);
}

// Sums overflow to infinities of both signs, and their difference is no number: a table's first entry.
TEST_P(SimPipelineTest, HugeInputsAreServedAlikeByPlainEvaluatorAndArray) {
  if (std::string(GetParam()) == "lanes_exact") return;  // has no tables
  for (LayerKind kind : kResets) {
    Model model = Bare(kind, 8, 32);
    for (float& weight : std::get<RecurrentOp>(model.ops[0]).input_weights.values) weight *= 100;
    Sequence plain(*pipeline_, model), exact(*exact_, model);
    for (Sequence* sequence : {&plain, &exact}) {
      for (size_t i = 0; i < sequence->inputs_.size(); ++i) {
        sequence->inputs_[i] = (i % 3 == 0 ? -1.0f : 1.0f) * std::numeric_limits<float>::max();
      }
      sequence->RunAll([] { return kSteps; });
    }
    EXPECT_EQ(exact.Crc(), plain.Crc());
  }
}

TEST(SimPipelineMakeTest, ProfilesAreTheMappings) {
  EXPECT_EQ(MakeSim("hybrid")->numerics_profile(), emu::kRowwiseProfile);
  EXPECT_EQ(MakeSim("aie")->numerics_profile(), emu::kRowwiseProfile);
  EXPECT_EQ(MakeSim("cascade")->numerics_profile(), emu::kColwiseProfile);
  EXPECT_EQ(MakeSim("lanes")->numerics_profile(), emu::kLanesProfile);
  EXPECT_EQ(MakeSim("lanes_exact")->numerics_profile(), kFp32Profile);
  const auto automatic = MakeSim("auto");
  EXPECT_EQ(automatic->numerics_profile(), "by each model's mapping");
  Sequence sequence(*automatic, Bare(LayerKind::kGruResetAfter, 8, 32));
  EXPECT_EQ(sequence.prepared_->numerics_profile(),
            MakeSim(sequence.prepared_->placement()->mapping)->numerics_profile());
}

// Sums that overflow leave NaN in the state, which ends a session: the array must not stand still over it.
TEST(SimPipelineLanesTest, HugeInputsNeitherStopPlainEvaluatorNorArray) {
  for (const bool exact : {false, true}) {
    const auto pipeline = MakeSim("lanes_exact", exact);
    Sequence sequence(*pipeline, Bare(LayerKind::kGruResetAfter, 8, 32));
    sequence.inputs_.assign(sequence.inputs_.size(), std::numeric_limits<float>::max());
    sequence.RunAll([] { return kSteps; });
  }
}

TEST(SimPipelineLanesTest, AnLstmsBitsAreTheOraclesOnPlainEvaluatorAndArray) {
  for (const std::string mapping : {"lanes", "lanes_exact"}) {
    for (const auto& [input, hidden] : {std::pair{3, 5}, {8, 32}, {33, 64}}) {
      const Model model = Bare(LayerKind::kLstm, input, hidden);
      const auto pipeline = MakeSim(mapping), exact_pipeline = MakeSim(mapping, true);
      Sequence plain(*pipeline, model), exact(*exact_pipeline, model);
      plain.RunAll([] { return 5; });
      exact.RunAll([] { return 3; });
      EXPECT_EQ(plain.outputs_, StatesOf(mapping, model, plain.inputs_));
      EXPECT_EQ(exact.Crc(), plain.Crc());
    }
  }
}

// Each activation but the tables, whose weights are scaled, gives the reference's bits, on plain evaluator and array.
TEST(SimPipelineLanesTest, AnActivationsBitsAndProfileAreTheReferences) {
  const auto pipeline = MakeSim("lanes"), exact_pipeline = MakeSim("lanes", true);
  for (const NamedForm& named : ActivationForms()) {
    if (named.form == ActivationForm::kLut) continue;
    for (const LayerKind kind : {LayerKind::kGruResetBefore, LayerKind::kGruResetAfter, LayerKind::kLstm}) {
      SCOPED_TRACE(testing::Message() << named.name << " kind " << static_cast<int>(kind));
      Model model = Bare(kind, 3, 20);
      model.activation = named.form;
      Sequence plain(*pipeline, model), exact(*exact_pipeline, model);
      plain.RunAll([] { return 5; });
      exact.RunAll([] { return 3; });
      EXPECT_EQ(plain.outputs_, ReferenceStates(model, plain.inputs_));
      EXPECT_EQ(exact.Crc(), plain.Crc());
      EXPECT_EQ(plain.prepared_->numerics_profile(), ProfileOf(named.form));
    }
  }
}

TEST(SimPipelineLanesTest, TablesKeepTheProfileOfScaledWeights) {
  Model model = Bare(LayerKind::kGruResetAfter, 3, 20);
  model.activation = ActivationForm::kLut;
  EXPECT_EQ(Sequence(*MakeSim("lanes"), model).prepared_->numerics_profile(), emu::kLanesProfile);
  EXPECT_EQ(Sequence(*MakeSim("hybrid"), model).prepared_->numerics_profile(), emu::kRowwiseProfile);
}

class TimingFileTest : public testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<SimPipeline>> Load(const std::string& text) {
    const std::string path = testing::TempDir() + "/timing_file_test.txt";
    std::ofstream(path, std::ios::binary) << text;
    return SimPipeline::Make("hybrid", false, path);
  }
};

// A millisecond a crossing, which no clock would show here.
TEST_F(TimingFileTest, OverridesConstantsAndSoModelledTimesButNotTheMeasuredStep) {
  const auto pipeline = Load("# ours\ncdc_to_pl = 1000000\n");
  ASSERT_TRUE(pipeline.ok()) << pipeline.status();
  const Sequence sequence(**pipeline, Bare(LayerKind::kGruResetAfter, 8, 32));
  EXPECT_GT(sequence.prepared_->placement()->modelled.steady_ns, 1'600'000);
  EXPECT_LT(sequence.prepared_->step_ns(), 800'000);
}

TEST_F(TimingFileTest, AFaultyLineAHugeFileAndNoFileAreNamed) {
  EXPECT_THAT(std::string(Load("warp = 9\n").status().message()), HasSubstr("warp"));
  EXPECT_THAT(std::string(Load(std::string(70'000, '#')).status().message()), HasSubstr("65536 bytes"));
  const absl::Status status = SimPipeline::Make("hybrid", false, "/nowhere/timing").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("--timing_file=/nowhere/timing"));
}

}  // namespace
}  // namespace recurd
