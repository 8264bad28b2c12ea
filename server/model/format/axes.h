#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace recurd::format {

// A whole number that may depend on the number of steps T: fixed + per_step * T.
struct Dim {
  int64_t fixed = 0;
  int64_t per_step = 0;
  bool operator==(const Dim&) const = default;
};

// The axes of a value as one step sees it: the time axis, if there is one, counts one step. The batch is an axis of
// size 1 like any other.
struct Axes {
  std::vector<int64_t> sizes;  // 1 at the time axis
  int time = -1;               // which axis is time; -1: none

  int rank() const { return static_cast<int>(sizes.size()); }
  bool has_time() const { return time >= 0; }
  // Number of elements, time counted once. INT64_MAX where it would overflow.
  int64_t count() const;
  // As "[T,1,32]".
  std::string ToString() const;
  bool operator==(const Axes&) const = default;
};

// Where each element of a rearranged tensor comes from: element (i0, i1, ...) is the source's element
// offset + i0 * strides[0] + i1 * strides[1] + ...
struct View {
  Axes axes;
  std::vector<int64_t> strides;
  int64_t offset = 0;
};

// Values of more axes are refused.
inline constexpr int kMaxRank = 16;

// How many steps the file's time axis has; none: dynamic.
using StepCount = std::optional<int64_t>;

// Precondition: the product of the sizes doesn't overflow.
std::vector<int64_t> RowMajorStrides(absl::Span<const int64_t> sizes);
// The whole tensor, unchanged.
View Whole(const Axes& axes);
// Calls `visit` with the source position of each of a view's elements, in row-major order.
void VisitPositions(const View& view, absl::FunctionRef<void(int64_t)> visit);

// An axis counted from the end (-1: the last) as one from the front. Errors: INVALID_ARGUMENT naming both.
absl::StatusOr<int> NormalAxis(int64_t axis, int rank);

absl::StatusOr<View> Transposed(const Axes& axes, absl::Span<const int64_t> order);

// Broadcasts as ONNX and NumPy do: axes meet from the right, size 1 fits any. Errors name both shapes.
absl::StatusOr<Axes> BroadcastAxes(const Axes& a, const Axes& b);
// How `from` looks when broadcast to `to`. Precondition: BroadcastAxes made `to` of `from` and another.
View Broadcast(const Axes& from, const Axes& to);

// Axes without those listed, or for an empty list without all fixed ones of size 1. Taking out a time axis is only
// possible where the file gives it one step.
absl::StatusOr<Axes> Squeezed(const Axes& axes, absl::Span<const int64_t> which, StepCount steps);
absl::StatusOr<Axes> Unsqueezed(const Axes& axes, absl::Span<const int64_t> which);

// ONNX Reshape: -1 is inferred; 0 copies the axis at its place unless `allow_zero`. The time axis must stay an axis of
// its own with as many elements before and behind it. Errors: INVALID_ARGUMENT naming both shapes.
absl::StatusOr<Axes> Reshaped(const Axes& axes, absl::Span<const Dim> target, bool allow_zero, StepCount steps);

// What an index along the time axis selects.
enum class TimeIndex { kFirst, kLast, kOther };
TimeIndex ClassifyTimeIndex(const Dim& index, StepCount steps);
// True if `end`, an exclusive bound along the time axis, lies at or behind the last step.
bool ReachesLastStep(const Dim& end, StepCount steps);

}  // namespace recurd::format
