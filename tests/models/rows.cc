#include "tests/models/rows.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace recurd {
namespace {

// A tensor is [outer][steps][inner] floats; outer and inner are what stands before and behind the time axis.
struct Axes {
  int64_t outer = 1, inner = 1;
};

Axes AxesOf(const TensorSpec& spec) {
  Axes axes;
  bool is_behind = false;
  for (const int64_t size : spec.shape) {
    if (size == -1) {
      is_behind = true;
    } else {
      (is_behind ? axes.inner : axes.outer) *= size;
    }
  }
  return axes;
}

// Calls visit(index in the tensor, step, index in the spec's piece of the row).
template <typename Visit>
void ForEach(const TensorSpec& spec, int steps, Visit visit) {
  const Axes axes = AxesOf(spec);
  for (int64_t outer = 0; outer < axes.outer; ++outer) {
    for (int step = 0; step < steps; ++step) {
      for (int64_t inner = 0; inner < axes.inner; ++inner) {
        visit((outer * steps + step) * axes.inner + inner, step, outer * axes.inner + inner);
      }
    }
  }
}

}  // namespace

int StepsOf(const Model& model, const GoldenSequence& sequence) {
  int64_t steps = 0;
  for (const TensorSpec& spec : model.inputs) {
    const auto found = sequence.inputs.find(spec.name);
    if (found == sequence.inputs.end()) {
      ADD_FAILURE() << "no golden input '" << spec.name << "'";
      return 0;
    }
    std::vector<int64_t> shape = found->second.shape;
    const auto time = std::find(spec.shape.begin(), spec.shape.end(), -1) - spec.shape.begin();
    if (time < static_cast<int64_t>(shape.size())) {
      if (steps == 0) steps = shape[time];
      EXPECT_EQ(shape[time], steps) << spec.name;
      shape[time] = -1;
    }
    EXPECT_EQ(shape, spec.shape) << spec.name;
    if (shape != spec.shape) return 0;
  }
  return static_cast<int>(steps);
}

std::vector<float> InputRows(const Model& model, const GoldenSequence& sequence, int steps) {
  std::vector<float> rows(static_cast<size_t>(steps) * model.input_size);
  for (const TensorSpec& spec : model.inputs) {
    const Tensor& tensor = sequence.inputs.at(spec.name);
    ForEach(spec, steps, [&](int64_t at, int step, int64_t in_row) {
      rows[static_cast<size_t>(step) * model.input_size + spec.row.offset + in_row] = tensor.values[at];
    });
  }
  return rows;
}

std::vector<float> InitialState(const Model& model, const GoldenSequence& sequence) {
  std::vector<float> state = model.initial_state;
  for (const StateSpec& spec : model.states) {
    if (spec.input_name.empty()) continue;
    const std::vector<float>& given = sequence.inputs.at(spec.input_name).values;
    EXPECT_LE(spec.input_offset + spec.size, static_cast<int>(given.size())) << spec.name;
    std::copy_n(given.begin() + spec.input_offset, spec.size, state.begin() + spec.offset);
  }
  return state;
}

Tensor TensorOf(const TensorSpec& spec, const std::vector<float>& rows, int row_size, int steps) {
  Tensor tensor{.shape = spec.shape};
  if (!spec.has_time_axis) {
    const auto begin = rows.end() - row_size + spec.row.offset;
    tensor.values.assign(begin, begin + spec.row.size);
    return tensor;
  }
  std::replace(tensor.shape.begin(), tensor.shape.end(), int64_t{-1}, int64_t{steps});
  tensor.values.resize(static_cast<size_t>(steps) * spec.row.size);
  ForEach(spec, steps, [&](int64_t at, int step, int64_t in_row) {
    tensor.values[at] = rows[static_cast<size_t>(step) * row_size + spec.row.offset + in_row];
  });
  return tensor;
}

}  // namespace recurd
