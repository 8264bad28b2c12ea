#include "server/model/weights.h"

#include <memory>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/numeric/narrow.h"

namespace recurd {
namespace {

// Calls visit(matrix, name of the layer or "") for each matrix of a step.
template <typename AModel, typename Visit>
void ForEachMatrix(AModel& step, Visit visit) {
  for (auto& op : step.ops) {
    if (auto* dense = std::get_if<DenseOp>(&op)) visit(dense->matrix, std::string());
    if (auto* layer = std::get_if<RecurrentOp>(&op)) {
      visit(layer->input_weights, layer->name);
      visit(layer->recurrent_weights, layer->name);
    }
  }
}

absl::Status CheckColumns(const Model& step) {
  absl::Status status;
  ForEachMatrix(step, [&](const Matrix& matrix, const std::string& name) {
    if (matrix.cols <= kMaxInt8Columns) return;
    status.Update(absl::InvalidArgumentError(
        absl::StrCat(name.empty() ? "a dense layer" : absl::StrCat("layer '", name, "'"), " multiplies ", matrix.cols,
                     " values a row; with weights int8 the limit is ", kMaxInt8Columns, ": choose bf16 or fp32")));
  });
  return status;
}

void Store(WeightStorage storage, Model* model) {
  model->weights = storage;
  ForEachMatrix(*model, [&](Matrix& matrix, const std::string&) { matrix.storage = storage; });
  for (Pass& pass : model->passes) {
    auto step = std::make_shared<Model>(*pass.step);
    Store(storage, step.get());
    pass.step = std::move(step);
  }
}

}  // namespace

absl::Status StoreWeights(WeightStorage storage, Model* model) {
  if (storage == model->weights) return absl::OkStatus();
  if (storage == WeightStorage::kInt8) {
    RECURD_RETURN_IF_ERROR(CheckColumns(*model));
    for (const Pass& pass : model->passes) RECURD_RETURN_IF_ERROR(CheckColumns(*pass.step));
  }
  Store(storage, model);
  return absl::OkStatus();
}

int64_t WeightBytes(const Matrix& matrix) {
  const int64_t rows = matrix.rows, values = rows * matrix.cols;
  switch (matrix.storage) {
    case WeightStorage::kFp32:
      return 4 * values;
    case WeightStorage::kBf16:
      return 2 * values;
    case WeightStorage::kInt8:
      return values + 4 * rows;
  }
  return 0;
}

int64_t WeightBytes(const Model& model) {
  int64_t bytes = 0;
  ForEachMatrix(model, [&](const Matrix& matrix, const std::string&) { bytes += WeightBytes(matrix); });
  for (const Pass& pass : model.passes) bytes += WeightBytes(*pass.step);
  return bytes;
}

}  // namespace recurd
