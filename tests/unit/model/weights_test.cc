#include "server/model/weights.h"

#include <algorithm>
#include <memory>
#include <variant>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/model/accuracy.h"
#include "server/model/evaluate.h"
#include "server/model/repository.h"
#include "server/numeric/narrow.h"
#include "tests/integration/digits.h"
#include "tests/unit/fakes/random_model.h"

namespace recurd {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr int kHidden = 8, kInputs = 3;

Model Gru() { return RandomModel(LayerKind::kGruResetAfter, kInputs, kHidden); }

Model Stored(WeightStorage storage, Model model = Gru()) {
  EXPECT_TRUE(StoreWeights(storage, &model).ok());
  return model;
}

std::vector<float> OneStep(const Model& model) {
  const std::vector<float> inputs(static_cast<size_t>(model.input_size), 0.7f);
  std::vector<float> state = model.initial_state, outputs(static_cast<size_t>(model.output_size));
  Evaluate(model, inputs.data(), 1, state.data(), outputs.data());
  return outputs;
}

// Right answers of the 200 digits that ship, after their last row.
int RightDigits(const std::string& name, WeightStorage storage) {
  const Digits digits = LoadDigits(name);
  Model model = **ModelRepository::Open(RECURD_SOURCE_DIR "/deploy/models")->Load(name, "");
  EXPECT_TRUE(StoreWeights(storage, &model).ok());
  int right = 0;
  for (const Digits::Sequence& digit : digits.sequences) {
    std::vector<float> inputs, state = model.initial_state, outputs(digit.rows.size() * model.output_size);
    for (const auto& row : digit.rows) inputs.insert(inputs.end(), row.begin(), row.end());
    Evaluate(model, inputs.data(), static_cast<int>(digit.rows.size()), state.data(), outputs.data());
    const auto last = outputs.end() - model.output_size;
    right += std::max_element(last, outputs.end()) - last == digit.label ? 1 : 0;
  }
  return right;
}

TEST(WeightsTest, EachMatrixIsStoredAlikeAndEvaluatedSo) {
  const std::vector<float> fp32 = OneStep(Gru()), bf16 = OneStep(Stored(WeightStorage::kBf16));
  EXPECT_NE(fp32, bf16);
  for (size_t i = 0; i < fp32.size(); ++i) EXPECT_NEAR(fp32[i], bf16[i], 0.05);
}

TEST(WeightsTest, BytesAreThoseOfTheStorage) {
  constexpr int64_t kRows = 3 * kHidden, kRecurrent = kRows * (kInputs + kHidden);
  const auto head = [](const Model& model) {
    int64_t bytes = 0;
    for (const Op& op : model.ops) {
      if (const auto* dense = std::get_if<DenseOp>(&op)) bytes += WeightBytes(dense->matrix);
    }
    return bytes;
  };
  const Model fp32 = Gru(), bf16 = Stored(WeightStorage::kBf16), int8 = Stored(WeightStorage::kInt8);
  EXPECT_EQ(WeightBytes(fp32) - head(fp32), 4 * kRecurrent);
  EXPECT_EQ(WeightBytes(bf16) - head(bf16), 2 * kRecurrent);
  EXPECT_EQ(WeightBytes(int8) - head(int8), kRecurrent + 2 * 4 * kRows);
}

TEST(WeightsTest, PassesAreStoredToo) {
  Model whole;
  whole.passes.push_back({.step = std::make_shared<const Model>(Gru())});
  whole = Stored(WeightStorage::kBf16, whole);
  EXPECT_EQ(WeightBytes(whole), WeightBytes(Stored(WeightStorage::kBf16)));
}

TEST(WeightsTest, RowsTooLongForBytesAreRefusedByName) {
  Model model = RandomModel(LayerKind::kGruResetAfter, kMaxInt8Columns + 1, 1);
  const absl::Status status = StoreWeights(WeightStorage::kInt8, &model);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("16385"), HasSubstr("the limit is 16384"), HasSubstr("bf16")));
  EXPECT_EQ(model.weights, WeightStorage::kFp32);
  EXPECT_TRUE(StoreWeights(WeightStorage::kBf16, &model).ok());
}

TEST(WeightsTest, AccuracyIsAgainstTheFilesOwnWeights) {
  const Accuracy fp32 = MeasureReferenceAccuracy(Gru());
  const Accuracy bf16 = MeasureReferenceAccuracy(Stored(WeightStorage::kBf16));
  const Accuracy int8 = MeasureReferenceAccuracy(Stored(WeightStorage::kInt8));
  EXPECT_EQ(fp32.steps, 64);
  EXPECT_LT(fp32.largest_error, 1e-6);
  EXPECT_GT(bf16.rms_error, 10 * fp32.rms_error);
  EXPECT_GT(int8.rms_error, bf16.rms_error);
  EXPECT_LT(int8.rms_error, 0.1 * int8.rms_output);
}

// Limit: 0.3 points of 200 digits are less than one.
TEST(WeightsTest, TheShippedModelsReadAsManyDigitsWithNarrowWeights) {
  for (const char* name : {"digits", "digits_reset_before"}) {
    const int right = RightDigits(name, WeightStorage::kFp32);
    EXPECT_GE(RightDigits(name, WeightStorage::kBf16), right) << name;
    EXPECT_GE(RightDigits(name, WeightStorage::kInt8), right) << name;
  }
}

}  // namespace
}  // namespace recurd
