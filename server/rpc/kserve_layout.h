#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

namespace recurd::kserve {

// How a tensor lies against the engine's rows: its time and batch axes, of which `batch_first` says which comes first,
// cut it into `outer` x (first) x `middle` x (second) x `inner` values. With one sequence the batch is like any axis.
struct Layout {
  int outer = 1, middle = 1, inner = 1;
  bool batch_first = false;
};

// spec: a TensorSpec or StateInputSpec, of `row_size` values for one sequence and step.
template <typename Spec>
Layout LayoutOf(const Spec& spec, int row_size, bool has_time_axis, int batch) {
  const int batch_axis = batch > 1 ? spec.batch_axis : -1;
  if (!has_time_axis && batch_axis < 0) return {.inner = row_size};
  Layout layout{.batch_first = !has_time_axis};
  int seen = 0;
  for (int axis = 0; axis < static_cast<int>(spec.shape.size()); ++axis) {
    const int64_t size = spec.shape[static_cast<size_t>(axis)];
    if (size == -1 || axis == batch_axis) {
      if (seen++ == 0 && axis == batch_axis) layout.batch_first = true;
    } else {
      (seen == 0 ? layout.outer : seen == 1 ? layout.middle : layout.inner) *= static_cast<int>(size);
    }
  }
  if (seen == 1) layout.inner = std::exchange(layout.middle, 1);
  return layout;
}

// Calls copy(at, sequence, step, offset) for each run of layout.inner values that lie side by side in the tensor and in
// a row: where in the tensor, and in the row of which step of which sequence.
template <typename Copy>
void ForEachPiece(const Layout& layout, int batch, int steps, Copy copy) {
  const int first = layout.batch_first ? batch : steps, second = layout.batch_first ? steps : batch;
  size_t at = 0;
  for (int o = 0; o < layout.outer; ++o) {
    for (int x = 0; x < first; ++x) {
      for (int m = 0; m < layout.middle; ++m) {
        const int offset = (o * layout.middle + m) * layout.inner;
        for (int y = 0; y < second; ++y) {
          copy(at, layout.batch_first ? x : y, layout.batch_first ? y : x, offset);
          at += static_cast<size_t>(layout.inner);
        }
      }
    }
  }
}

}  // namespace recurd::kserve
