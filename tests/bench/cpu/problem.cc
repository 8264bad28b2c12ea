#include "tests/bench/cpu/problem.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "server/numeric/reference.h"

namespace recurd::bench {
namespace {

constexpr int kCheckedSteps = 100;

int RunsToCheck(int steps) { return std::max(2, (kCheckedSteps + steps - 1) / steps); }

}  // namespace

Problem::Problem(LayerCell cell, Size size, int steps) {
  std::mt19937 random(1);
  const auto draw = [&random](int count, double within) {
    std::uniform_real_distribution<float> values(static_cast<float>(-within), static_cast<float>(within));
    std::vector<float> drawn(static_cast<size_t>(count));
    for (float& value : drawn) value = values(random);
    return drawn;
  };
  const int rows = (cell == LayerCell::kLstm ? 4 : 3) * size.hidden;
  const double within = 1 / std::sqrt(size.hidden);
  weights_ = draw(rows * size.input, within);
  recurrent_ = draw(rows * size.hidden, within);
  input_bias_ = draw(rows, within);
  recurrent_bias_ = draw(rows, within);
  inputs_ = draw(2 * steps * size.input, 1);
  layer_ = {cell,
            size.input,
            size.hidden,
            steps,
            weights_.data(),
            recurrent_.data(),
            input_bias_.data(),
            recurrent_bias_.data(),
            inputs_.data()};

  const Cell reference = CellOf(WeightStorage::kFp32);
  std::vector<double> h(static_cast<size_t>(size.hidden)), c = h, x(static_cast<size_t>(size.input));
  for (int step = 0; step < RunsToCheck(steps) * steps; ++step) {
    const float* row = layer_.inputs + step % (2 * steps) * size.input;
    std::copy_n(row, size.input, x.begin());
    ReferenceStep<double>(reference, x.data(), h.data(), c.data());
    expected_.insert(expected_.end(), h.begin(), h.end());
  }
}

Cell Problem::CellOf(WeightStorage storage) const {
  Cell cell;
  cell.kind = layer_.cell == LayerCell::kLstm ? CellKind::kLstm : CellKind::kGru;
  cell.linear_before_reset = layer_.cell == LayerCell::kGruResetAfter;
  cell.f.kind = UnaryKind::kSigmoid;
  cell.g.kind = cell.h.kind = UnaryKind::kTanh;
  cell.storage = storage;
  cell.input_size = layer_.input_size;
  cell.hidden_size = layer_.hidden_size;
  cell.input_weights = layer_.input_weights;
  cell.recurrent_weights = layer_.recurrent_weights;
  cell.input_bias = layer_.input_bias;
  cell.recurrent_bias = layer_.recurrent_bias;
  return cell;
}

double Problem::ErrorOf(Runner& runner) const {
  double error = 0;
  const int size = layer_.steps * layer_.hidden_size;
  const double* expected = expected_.data();
  for (int run = 0; run < RunsToCheck(layer_.steps); ++run) {
    runner.Run(1);
    const float* outputs = runner.Outputs();
    for (int i = 0; i < size; ++i) {
      const double off = std::fabs(static_cast<double>(outputs[i]) - *expected++);
      error = std::isnan(off) ? INFINITY : std::max(error, off);
    }
  }
  return error;
}

}  // namespace recurd::bench
