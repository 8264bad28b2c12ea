// Every golden model through the importer and the cpu pipeline: the numbers of the framework that made it, and the same
// bits however a sequence is cut. RECURD_GOLDEN_MODELS names another folder of cases.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "server/base/crc32c.h"
#include "server/model/format/onnx_import.h"
#include "server/pipeline/cpu/cpu_pipeline.h"
#include "tests/models/golden_case.h"
#include "tests/models/rows.h"
#include "tests/unit/fakes/random_model.h"

namespace recurd {
namespace {

using ::testing::HasSubstr;

constexpr double kBound = 1e-5;

std::string Folder() {
  const char* other = std::getenv("RECURD_GOLDEN_MODELS");
  return other != nullptr ? other : RECURD_SOURCE_DIR "/tests/golden/models";
}

// What a sequence gave.
struct Result {
  std::vector<float> outputs, state;
  uint32_t Crc() const {
    const uint32_t crc = Crc32c(outputs.data(), outputs.size() * sizeof(float));
    return Crc32c(state.data(), state.size() * sizeof(float), crc);
  }
};

// One sequence through a prepared model.
class Player {
 public:
  Player(CpuPipeline& pipeline, PreparedModel& prepared, const GoldenSequence& sequence)
      : pipeline_(pipeline), prepared_(prepared), model_(prepared.model()), steps_(StepsOf(model_, sequence)) {
    inputs_ = InputRows(model_, sequence, steps_);
    start_ = InitialState(model_, sequence);
  }

  int steps() const { return steps_; }

  // In pieces of length() steps; of a model that has passes, each pass is cut so.
  Result Play(const std::function<int()>& length) const {
    Result result{std::vector<float>(static_cast<size_t>(steps_) * model_.output_size), start_};
    std::vector<float> rows(static_cast<size_t>(steps_) * model_.row_size);
    const int pass_count = std::max<int>(1, model_.passes.size());
    for (int pass = 0; pass < pass_count; ++pass) {
      for (int done = 0; done < steps_;) {
        const int steps = std::min(length(), steps_ - done);
        const int first = model_.streams() ? done : 0;
        Run run{.model = &prepared_, .state = result.state.data(), .steps = steps};
        run.inputs = inputs_.data() + static_cast<size_t>(first) * model_.input_size;
        run.outputs = result.outputs.data() + static_cast<size_t>(first) * model_.output_size;
        if (!model_.streams()) run.slice = {rows.data(), steps_, pass, done};
        result.state = Execute(run);
        done += steps;
      }
    }
    return result;
  }

 private:
  std::vector<float> Execute(Run& run) const {
    std::vector<float> next(model_.state_size());
    run.next_state = next.data();
    run.next_state_key = ++key_;
    RunResult result;
    pipeline_.Start(run);
    while (!pipeline_.Poll(&result)) {
    }
    EXPECT_EQ(result.outcome, RunResult::Outcome::kOk);
    return next;
  }

  CpuPipeline& pipeline_;
  PreparedModel& prepared_;
  const Model& model_;
  int steps_;
  std::vector<float> inputs_, start_;
  mutable uint64_t key_ = 0;
};

void ExpectNear(const Tensor& found, const Tensor& expected, const std::string& what) {
  EXPECT_EQ(found.shape, expected.shape) << what;
  ASSERT_EQ(found.values.size(), expected.values.size()) << what;
  double worst = 0;
  size_t at = 0;
  for (size_t i = 0; i < found.values.size(); ++i) {
    const double error = std::fabs(static_cast<double>(found.values[i]) - expected.values[i]);
    if (error <= worst || std::isnan(worst)) continue;
    worst = error;
    at = i;
  }
  EXPECT_LE(worst, kBound) << what << "[" << at << "] is " << found.values[at] << ", not " << expected.values[at];
}

void ExpectGolden(const Model& model, const GoldenSequence& sequence, const Result& result, int steps) {
  EXPECT_EQ(model.outputs.size(), sequence.outputs.size());
  for (const TensorSpec& spec : model.outputs) {
    const auto expected = sequence.outputs.find(spec.name);
    ASSERT_NE(expected, sequence.outputs.end()) << spec.name;
    ExpectNear(TensorOf(spec, result.outputs, model.output_size, steps), expected->second, spec.name);
  }
  for (const StateSpec& spec : model.states) {
    const bool is_of_layer = spec.name.ends_with(".h") || spec.name.ends_with(".c");
    if (!is_of_layer) continue;  // what a reduction over time has seen so far
    const auto expected = sequence.states.find(spec.name);
    ASSERT_NE(expected, sequence.states.end()) << spec.name;
    const auto begin = result.state.begin() + spec.offset;
    ExpectNear({.shape = {spec.size}, .values = {begin, begin + spec.size}}, expected->second, spec.name);
  }
}

class GoldenModelsTest : public testing::TestWithParam<std::string> {};

INSTANTIATE_TEST_SUITE_P(Cases, GoldenModelsTest, testing::ValuesIn(GoldenCaseNames(Folder())),
                         [](const auto& info) { return info.param; });

TEST_P(GoldenModelsTest, GivesItsNumbersWhateverTheCutOrSaysWhyNot) {
  const absl::StatusOr<GoldenCase> golden = LoadGoldenCase(Folder() + "/" + GetParam());
  ASSERT_TRUE(golden.ok()) << golden.status();
  const absl::StatusOr<Model> model = ImportOnnx(golden->model, GetParam(), "1");
  if (golden->serves == GoldenCase::Serves::kRefused) {
    ASSERT_EQ(model.status().code(), absl::StatusCode::kInvalidArgument) << model.status();
    for (const std::string& why : golden->why) EXPECT_THAT(std::string(model.status().message()), HasSubstr(why));
    return;
  }
  ASSERT_TRUE(model.ok()) << model.status();
  ASSERT_EQ(model->streams(), golden->serves == GoldenCase::Serves::kStream) << model->whole_sequence_reason;
  for (const std::string& why : golden->why) EXPECT_THAT(model->whole_sequence_reason, HasSubstr(why));
  CpuPipeline pipeline;
  const auto prepared = pipeline.Prepare(std::make_shared<const Model>(*model));
  ASSERT_TRUE(prepared.ok()) << prepared.status();
  RandomFloats random(5);
  for (const GoldenSequence& sequence : golden->sequences) {
    const Player player(pipeline, **prepared, sequence);
    if (HasFailure()) return;
    for (const std::string& length : model->length_inputs) {
      EXPECT_EQ(sequence.inputs.at(length).values, std::vector<float>{static_cast<float>(player.steps())}) << length;
    }
    EXPECT_EQ(sequence.inputs.size(), model->inputs.size() + model->state_inputs.size() + model->length_inputs.size());
    const Result whole = player.Play([&] { return player.steps(); });
    ExpectGolden(*model, sequence, whole, player.steps());
    EXPECT_EQ(player.Play([] { return 1; }).Crc(), whole.Crc()) << "step by step";
    for (int cut = 0; cut < 3; ++cut) {
      EXPECT_EQ(player.Play([&] { return 1 + random.NextInt(4); }).Crc(), whole.Crc()) << "in chunks";
    }
  }
}

}  // namespace
}  // namespace recurd
