#include "server/model/format/axes.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/base/status_macros.h"

namespace recurd::format {
namespace {

constexpr int64_t kTooMany = std::numeric_limits<int64_t>::max();

int64_t Product(absl::Span<const int64_t> sizes) {
  if (std::find(sizes.begin(), sizes.end(), 0) != sizes.end()) return 0;
  int64_t product = 1;
  for (int64_t size : sizes) {
    if (__builtin_mul_overflow(product, size, &product)) return kTooMany;
  }
  return product;
}

absl::Status ReshapeError(const Axes& axes, absl::Span<const Dim> target, absl::string_view reason) {
  const std::string shape = absl::StrJoin(target, ",", [](std::string* out, const Dim& dim) {
    if (dim.per_step == 0) return absl::StrAppend(out, dim.fixed);
    absl::StrAppend(out, dim.per_step == 1 ? "" : absl::StrCat(dim.per_step), "T");
    if (dim.fixed != 0) absl::StrAppend(out, dim.fixed > 0 ? "+" : "", dim.fixed);
  });
  return absl::InvalidArgumentError(
      absl::StrCat("a value of shape ", axes.ToString(), " can't take shape [", shape, "]: ", reason));
}

// Gives the one -1 of `sizes` the size that makes their product `count`. False if there is none that does.
bool Infer(int64_t count, std::vector<int64_t>& sizes) {
  const auto hole = std::find(sizes.begin(), sizes.end(), -1);
  if (hole != sizes.end()) {
    *hole = 1;
    const int64_t rest = Product(sizes);
    if (rest == 0 || count % rest != 0) return false;
    *hole = count / rest;
  }
  return Product(sizes) == count;
}

// The axes that a target names, -1 among their sizes; `time` is set if a dim is the number of steps or copies that
// axis.
absl::StatusOr<Axes> ReadTarget(const Axes& axes, absl::Span<const Dim> target, bool allow_zero) {
  Axes wanted;
  for (int i = 0; i < static_cast<int>(target.size()); ++i) {
    const Dim& dim = target[i];
    const bool copies = dim == Dim{0, 0} && !allow_zero;
    if (copies && i >= axes.rank()) return ReshapeError(axes, target, "there is no axis to copy");
    const bool is_time = dim == Dim{0, 1} || (copies && i == axes.time);
    if (dim.per_step != 0 && !is_time) return ReshapeError(axes, target, "it merges time with another axis");
    if (is_time && (!axes.has_time() || wanted.has_time())) {
      return ReshapeError(axes, target, "time is not one axis of both");
    }
    if (is_time) wanted.time = i;
    wanted.sizes.push_back(is_time ? 1 : copies ? axes.sizes[i] : dim.fixed);
    if (wanted.sizes.back() < -1) return ReshapeError(axes, target, "sizes can't be negative");
  }
  if (std::count(wanted.sizes.begin(), wanted.sizes.end(), -1) > 1) {
    return ReshapeError(axes, target, "only one size can be inferred");
  }
  return wanted;
}

// Which axes of a target may be time: the one known to be; else the inferred one and those as long as the sequence, its
// old place first.
std::vector<int> PossibleTimeAxes(const Axes& wanted, int old_place, StepCount steps) {
  if (wanted.has_time()) return {wanted.time};
  std::vector<int> places;
  for (int i = 0; i < wanted.rank(); ++i) {
    const bool is_possible = wanted.sizes[i] == -1 || (steps && wanted.sizes[i] == *steps);
    if (is_possible) places.insert(i == old_place ? places.begin() : places.end(), i);
  }
  return places;
}

// The target with time at `place`, if it has the elements of `from` in their order, as many before time and behind it.
std::optional<Axes> WithTimeAt(int place, const Axes& wanted, const Axes& from) {
  Axes out{wanted.sizes, place};
  out.sizes[place] = 1;
  if (!Infer(from.count(), out.sizes)) return std::nullopt;
  const auto count_before_time = [](const Axes& axes) {
    return Product(absl::MakeConstSpan(axes.sizes).subspan(0, axes.time));
  };
  if (count_before_time(out) != count_before_time(from)) return std::nullopt;
  return out;
}

}  // namespace

int64_t Axes::count() const { return Product(sizes); }

std::string Axes::ToString() const {
  std::vector<std::string> parts;
  for (int i = 0; i < rank(); ++i) parts.push_back(i == time ? "T" : absl::StrCat(sizes[i]));
  return absl::StrCat("[", absl::StrJoin(parts, ","), "]");
}

std::vector<int64_t> RowMajorStrides(absl::Span<const int64_t> sizes) {
  std::vector<int64_t> strides(sizes.size(), 1);
  if (Product(sizes) == 0) return strides;
  for (size_t i = sizes.size(); i-- > 1;) strides[i - 1] = strides[i] * sizes[i];
  return strides;
}

View Whole(const Axes& axes) { return {axes, RowMajorStrides(axes.sizes), 0}; }

void VisitPositions(const View& view, absl::FunctionRef<void(int64_t)> visit) {
  const int64_t count = view.axes.count();
  const int rank = view.axes.rank();
  std::vector<int64_t> index(rank, 0);
  int64_t position = view.offset;
  for (int64_t i = 0; i < count; ++i) {
    visit(position);
    for (int axis = rank - 1; axis >= 0; --axis) {
      position += view.strides[axis];
      if (++index[axis] < view.axes.sizes[axis]) break;
      position -= view.strides[axis] * index[axis];
      index[axis] = 0;
    }
  }
}

absl::StatusOr<int> NormalAxis(int64_t axis, int rank) {
  if (axis < -rank || axis >= rank) {
    return absl::InvalidArgumentError(absl::StrCat("axis ", axis, " of a value of rank ", rank));
  }
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

absl::StatusOr<View> Transposed(const Axes& axes, absl::Span<const int64_t> order) {
  std::vector<int64_t> sorted(order.begin(), order.end());
  std::sort(sorted.begin(), sorted.end());
  std::vector<int64_t> identity(axes.rank());
  std::iota(identity.begin(), identity.end(), 0);
  if (sorted != identity) {
    return absl::InvalidArgumentError(
        absl::StrCat("[", absl::StrJoin(order, ","), "] is no order of the axes of ", axes.ToString()));
  }
  const std::vector<int64_t> strides = RowMajorStrides(axes.sizes);
  View view;
  for (int i = 0; i < axes.rank(); ++i) {
    view.axes.sizes.push_back(axes.sizes[order[i]]);
    view.strides.push_back(strides[order[i]]);
    if (order[i] == axes.time) view.axes.time = i;
  }
  return view;
}

absl::StatusOr<Axes> BroadcastAxes(const Axes& a, const Axes& b) {
  const Axes& longer = a.rank() >= b.rank() ? a : b;
  const Axes& shorter = a.rank() >= b.rank() ? b : a;
  const int shift = longer.rank() - shorter.rank();
  Axes out = longer;
  bool fits = true;
  for (int i = 0; i < shorter.rank(); ++i) {
    int64_t& size = out.sizes[i + shift];
    const int64_t other = shorter.sizes[i];
    fits &= size == other || size == 1 || other == 1;
    size = size == 1 ? other : size;
  }
  if (shorter.has_time()) {
    fits &= !longer.has_time() || longer.time == shorter.time + shift;
    out.time = shorter.time + shift;
  }
  fits &= !out.has_time() || out.sizes[out.time] == 1;
  if (fits) return out;
  return absl::InvalidArgumentError(
      absl::StrCat("values of shape ", a.ToString(), " and ", b.ToString(), " don't fit each other at every step"));
}

View Broadcast(const Axes& from, const Axes& to) {
  const std::vector<int64_t> strides = RowMajorStrides(from.sizes);
  const int shift = to.rank() - from.rank();
  View view{to, std::vector<int64_t>(to.rank(), 0), 0};
  for (int i = 0; i < from.rank(); ++i) {
    if (from.sizes[i] != 1) view.strides[i + shift] = strides[i];
  }
  return view;
}

absl::StatusOr<Axes> Squeezed(const Axes& axes, absl::Span<const int64_t> which, StepCount steps) {
  std::vector<bool> out_of(axes.rank(), false);
  for (int i = 0; which.empty() && i < axes.rank(); ++i) out_of[i] = axes.sizes[i] == 1 && i != axes.time;
  for (int64_t given : which) {
    RECURD_ASSIGN_OR_RETURN(const int axis, NormalAxis(given, axes.rank()));
    if (axes.sizes[axis] != 1) {
      return absl::InvalidArgumentError(absl::StrCat("axis ", axis, " of ", axes.ToString(), " is not of size 1"));
    }
    if (axis == axes.time && steps != 1) {
      return absl::InvalidArgumentError(absl::StrCat("it takes the time axis out of ", axes.ToString()));
    }
    out_of[axis] = true;
  }
  Axes out;
  for (int i = 0; i < axes.rank(); ++i) {
    if (out_of[i]) continue;
    if (i == axes.time) out.time = out.rank();
    out.sizes.push_back(axes.sizes[i]);
  }
  return out;
}

absl::StatusOr<Axes> Unsqueezed(const Axes& axes, absl::Span<const int64_t> which) {
  if (axes.rank() + which.size() > kMaxRank) {
    return absl::InvalidArgumentError(
        absl::StrCat("it adds ", which.size(), " axes to ", axes.ToString(), "; the limit is ", kMaxRank, " in all"));
  }
  const int rank = axes.rank() + static_cast<int>(which.size());
  std::vector<bool> is_new(rank, false);
  for (int64_t given : which) {
    RECURD_ASSIGN_OR_RETURN(const int axis, NormalAxis(given, rank));
    if (is_new[axis]) return absl::InvalidArgumentError(absl::StrCat("it adds axis ", axis, " twice"));
    is_new[axis] = true;
  }
  Axes out;
  int next = 0;
  for (int i = 0; i < rank; ++i) {
    if (!is_new[i] && next == axes.time) out.time = i;
    out.sizes.push_back(is_new[i] ? 1 : axes.sizes[next++]);
  }
  return out;
}

absl::StatusOr<Axes> Reshaped(const Axes& axes, absl::Span<const Dim> target, bool allow_zero, StepCount steps) {
  if (target.size() > kMaxRank) {
    return absl::InvalidArgumentError(absl::StrCat("a shape of ", target.size(), " axes; the limit is ", kMaxRank));
  }
  RECURD_ASSIGN_OR_RETURN(const Axes wanted, ReadTarget(axes, target, allow_zero));
  if (axes.has_time()) {
    for (int place : PossibleTimeAxes(wanted, axes.time, steps)) {
      if (const std::optional<Axes> found = WithTimeAt(place, wanted, axes)) return *found;
    }
    return ReshapeError(axes, target, "it merges, splits or moves the time axis");
  }
  Axes out = wanted;
  if (Infer(axes.count(), out.sizes)) return out;
  return ReshapeError(axes, target, "the numbers of elements differ");
}

TimeIndex ClassifyTimeIndex(const Dim& index, StepCount steps) {
  if (index == Dim{-1, 0} || index == Dim{-1, 1} || (steps && index == Dim{*steps - 1, 0})) return TimeIndex::kLast;
  if (index == Dim{0, 0} || index == Dim{0, -1} || (steps && index == Dim{-*steps, 0})) return TimeIndex::kFirst;
  return TimeIndex::kOther;
}

bool ReachesLastStep(const Dim& end, StepCount steps) {
  // Exporters write "to the end" as the largest 32-bit or 64-bit number.
  constexpr int64_t kToTheEnd = std::numeric_limits<int32_t>::max();
  if (end.per_step == 0) return end.fixed >= (steps ? *steps : kToTheEnd);
  return end.per_step >= 1 && end.fixed >= 0;
}

}  // namespace recurd::format
