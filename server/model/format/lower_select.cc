#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/model/format/lower.h"

namespace recurd::format {
namespace {

absl::Status PartOfTime(absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("it takes ", what, " of the time axis; only all steps, the first or the last can be served"));
}

struct SliceBounds {
  Dim start, end;
  int64_t step = 1;
};

absl::StatusOr<Value> SliceTime(Builder& builder, const Value& in, const SliceBounds& bounds) {
  const StepCount steps = builder.steps();
  const bool to_end = ReachesLastStep(bounds.end, steps) && bounds.step == 1;
  if (to_end && ClassifyTimeIndex(bounds.start, steps) == TimeIndex::kFirst) return in;
  if (to_end && steps == 1 && bounds.start == Dim{0, 0}) return in;
  if (to_end && ClassifyTimeIndex(bounds.start, steps) == TimeIndex::kLast) return builder.AtEnd(in, true, true);
  const bool is_first = ClassifyTimeIndex(bounds.start, steps) == TimeIndex::kFirst && bounds.end == Dim{1, 0};
  if (is_first && bounds.step == 1) return builder.AtEnd(in, false, true);
  return PartOfTime(bounds.step < 0 ? "the reverse" : "a part");
}

absl::StatusOr<Value> SliceFixed(Builder& builder, const Value& in, int axis, const SliceBounds& bounds) {
  const int64_t size = in.axes.sizes[axis], step = bounds.step;
  if (bounds.start.per_step != 0 || (bounds.end.per_step != 0 && step < 0)) {
    return absl::InvalidArgumentError("its bounds depend on the number of steps");
  }
  if (step == 0 || step == std::numeric_limits<int64_t>::min()) return absl::InvalidArgumentError("its step is zero");
  const auto clamp = [&](int64_t bound) {
    const int64_t from_front = bound < 0 ? (bound < -size ? -1 : bound + size) : std::min(bound, size);
    return step > 0 ? std::max<int64_t>(from_front, 0) : std::min(from_front, size - 1);
  };
  const int64_t start = clamp(bounds.start.fixed);
  // An end as long as the sequence lies behind any fixed axis that a model has this bound for.
  const int64_t end = bounds.end.per_step > 0 ? size : clamp(bounds.end.fixed);
  const int64_t distance = step > 0 ? end - start : start - end;
  const int64_t stride = std::min(std::abs(step), size + 1);
  View view = Whole(in.axes);
  view.axes.sizes[axis] = distance <= 0 ? 0 : (distance - 1) / stride + 1;
  view.offset = distance <= 0 ? 0 : start * view.strides[axis];
  view.strides[axis] *= step > 0 ? stride : -stride;
  return builder.Rearrange(in, view);
}

absl::Status LowerSlice(const Node& node, Lowering& lowering) {
  RECURD_ASSIGN_OR_RETURN(const Value* in, lowering.Input(node, 0));
  const auto dims = [&](int i, absl::string_view attribute) -> absl::StatusOr<std::vector<Dim>> {
    if (node.opset() >= 10) return lowering.HasInput(node, i) ? lowering.Dims(node, i) : std::vector<Dim>();
    RECURD_ASSIGN_OR_RETURN(const std::vector<int64_t> values, node.Ints(attribute));
    std::vector<Dim> out;
    for (int64_t value : values) out.push_back({value, 0});
    return out;
  };
  RECURD_ASSIGN_OR_RETURN(const std::vector<Dim> starts, dims(1, "starts"));
  RECURD_ASSIGN_OR_RETURN(const std::vector<Dim> ends, dims(2, "ends"));
  RECURD_ASSIGN_OR_RETURN(const std::vector<Dim> axes, dims(3, "axes"));
  RECURD_ASSIGN_OR_RETURN(const std::vector<Dim> strides, dims(4, "steps"));
  if (starts.size() != ends.size() || (!axes.empty() && axes.size() != starts.size()) ||
      (!strides.empty() && strides.size() != starts.size()) || starts.size() > kMaxRank) {
    return absl::InvalidArgumentError("its starts, ends, axes and steps are of different lengths");
  }
  Value out = *in;
  for (size_t i = 0; i < starts.size(); ++i) {
    RECURD_ASSIGN_OR_RETURN(const int axis,
                            NormalAxis(axes.empty() ? static_cast<int64_t>(i) : axes[i].fixed, out.axes.rank()));
    const SliceBounds bounds{starts[i], ends[i], strides.empty() ? 1 : strides[i].fixed};
    if (axis == out.axes.time) {
      RECURD_ASSIGN_OR_RETURN(out, SliceTime(lowering.builder(), out, bounds));
    } else {
      RECURD_ASSIGN_OR_RETURN(out, SliceFixed(lowering.builder(), out, axis, bounds));
    }
  }
  return lowering.Output(node, 0, std::move(out));
}

absl::Status LowerGather(const Node& node, Lowering& lowering) {
  RECURD_ASSIGN_OR_RETURN(const Value* in, lowering.Input(node, 0));
  RECURD_ASSIGN_OR_RETURN(const Value* indices, lowering.Constant(node, 1));
  RECURD_ASSIGN_OR_RETURN(const std::vector<Dim> dims, lowering.Dims(node, 1));
  RECURD_ASSIGN_OR_RETURN(const int64_t given, node.Int("axis", 0));
  RECURD_ASSIGN_OR_RETURN(const int axis, NormalAxis(given, in->axes.rank()));
  Builder& builder = lowering.builder();
  if (axis == in->axes.time) {
    if (dims.size() != 1 || indices->axes.rank() > 1) return PartOfTime("a part");
    const TimeIndex index = ClassifyTimeIndex(dims[0], builder.steps());
    if (index == TimeIndex::kOther) return PartOfTime("a part");
    RECURD_ASSIGN_OR_RETURN(Value out, builder.AtEnd(*in, index == TimeIndex::kLast, indices->axes.rank() == 1));
    return lowering.Output(node, 0, std::move(out));
  }
  const int64_t size = in->axes.sizes[axis];
  Value moved{.kind = in->kind, .axes = in->axes};
  std::vector<Value> parts;
  for (const Dim& dim : dims) {
    const int64_t index = dim.fixed < 0 ? dim.fixed + size : dim.fixed;
    if (dim.per_step != 0 || index < 0 || index >= size) {
      return absl::InvalidArgumentError(
          absl::StrCat("it takes element ", dim.fixed, dim.per_step ? " + T" : "", " of an axis of size ", size));
    }
    RECURD_ASSIGN_OR_RETURN(Value part, builder.Slice(*in, axis, index, 1));
    parts.push_back(std::move(part));
  }
  if (parts.empty()) return absl::InvalidArgumentError("it takes nothing");
  std::vector<const Value*> pointers;
  for (const Value& part : parts) pointers.push_back(&part);
  RECURD_ASSIGN_OR_RETURN(Value out, builder.Concat(pointers, axis));
  Axes axes = out.axes;
  axes.sizes.erase(axes.sizes.begin() + axis);
  axes.sizes.insert(axes.sizes.begin() + axis, indices->axes.sizes.begin(), indices->axes.sizes.end());
  if (axes.time > axis) axes.time += indices->axes.rank() - 1;
  if (axes.rank() > kMaxRank) return absl::InvalidArgumentError("its result has too many axes");
  return lowering.Output(node, 0, Builder::Reinterpret(std::move(out), std::move(axes)));
}

absl::Status LowerConcat(const Node& node, Lowering& lowering) {
  std::vector<const Value*> values;
  for (int i = 0; i < node.input_count(); ++i) {
    RECURD_ASSIGN_OR_RETURN(const Value* value, lowering.Input(node, i));
    values.push_back(value);
  }
  if (values.empty()) return absl::InvalidArgumentError("it joins nothing");
  RECURD_ASSIGN_OR_RETURN(const int64_t axis, node.Int("axis", 0));
  RECURD_ASSIGN_OR_RETURN(Value out, lowering.builder().Concat(values, axis));
  return lowering.Output(node, 0, std::move(out));
}

absl::Status LowerSplit(const Node& node, Lowering& lowering) {
  RECURD_ASSIGN_OR_RETURN(const Value* in, lowering.Input(node, 0));
  RECURD_ASSIGN_OR_RETURN(const int64_t given, node.Int("axis", 0));
  RECURD_ASSIGN_OR_RETURN(const int axis, NormalAxis(given, in->axes.rank()));
  if (axis == in->axes.time) return PartOfTime("parts");
  RECURD_ASSIGN_OR_RETURN(std::vector<int64_t> sizes, lowering.IntegersOrAttribute(node, 1, "split"));
  const int64_t size = in->axes.sizes[axis];
  const int64_t count = node.output_count();
  RECURD_ASSIGN_OR_RETURN(const int64_t declared_count, node.Int("num_outputs", count));
  if (sizes.empty() && count > 0) {
    const int64_t part = (size + count - 1) / count;
    for (int64_t i = 0; i < count; ++i) sizes.push_back(std::clamp<int64_t>(size - i * part, 0, part));
  }
  int64_t total = 0;
  for (int64_t part : sizes) {
    if (part < 0 || __builtin_add_overflow(total, part, &total)) total = -1;
    if (total < 0) break;
  }
  if (total != size || static_cast<int64_t>(sizes.size()) != count || declared_count != count) {
    return absl::InvalidArgumentError(
        absl::StrCat("it splits an axis of size ", size, " into ", sizes.size(), " parts that don't add up to it"));
  }
  int64_t begin = 0;
  for (int i = 0; i < count; begin += sizes[i++]) {
    RECURD_ASSIGN_OR_RETURN(Value part, lowering.builder().Slice(*in, axis, begin, sizes[i]));
    RECURD_RETURN_IF_ERROR(lowering.Output(node, i, std::move(part)));
  }
  return absl::OkStatus();
}

// The axes of `in` expanded to a shape in which an axis may be as long as the sequence.
absl::StatusOr<Axes> ExpandedAxes(const Axes& in, const std::vector<Dim>& dims, StepCount steps) {
  if (dims.size() > kMaxRank) {
    return absl::InvalidArgumentError(absl::StrCat("a shape of ", dims.size(), " axes; the limit is ", kMaxRank));
  }
  const int shift = static_cast<int>(dims.size()) - in.rank();
  Axes target;
  for (int i = 0; i < static_cast<int>(dims.size()); ++i) {
    const bool meets_time = in.has_time() && i - shift == in.time;
    const bool is_time = dims[i] == Dim{0, 1} || (meets_time && steps && dims[i] == Dim{*steps, 0});
    if (is_time && !target.has_time()) {
      target.time = i;
    } else if (dims[i].per_step != 0 || dims[i].fixed < 0) {
      return absl::InvalidArgumentError("its shape depends on the number of steps, or is negative");
    }
    target.sizes.push_back(is_time ? 1 : dims[i].fixed);
  }
  return BroadcastAxes(in, target);
}

absl::Status LowerExpand(const Node& node, Lowering& lowering) {
  RECURD_ASSIGN_OR_RETURN(const Value* in, lowering.Input(node, 0));
  RECURD_ASSIGN_OR_RETURN(const std::vector<Dim> dims, lowering.Dims(node, 1));
  RECURD_ASSIGN_OR_RETURN(const Axes axes, ExpandedAxes(in->axes, dims, lowering.builder().steps()));
  RECURD_ASSIGN_OR_RETURN(Value out, lowering.builder().BroadcastTo(*in, axes));
  return lowering.Output(node, 0, std::move(out));
}

absl::Status LowerTile(const Node& node, Lowering& lowering) {
  RECURD_ASSIGN_OR_RETURN(const Value* in, lowering.Input(node, 0));
  RECURD_ASSIGN_OR_RETURN(const std::vector<Dim> repeats, lowering.Dims(node, 1));
  if (static_cast<int>(repeats.size()) != in->axes.rank()) {
    return absl::InvalidArgumentError("its repeats are not one for each axis");
  }
  Builder& builder = lowering.builder();
  Value out = *in;
  for (int axis = 0; axis < in->axes.rank(); ++axis) {
    if (repeats[axis] == Dim{1, 0}) continue;
    if (repeats[axis].per_step != 0 || axis == in->axes.time) {
      return absl::InvalidArgumentError("it repeats values over the time axis");
    }
    Axes wide = out.axes, merged = out.axes;
    wide.sizes.insert(wide.sizes.begin() + axis, 1);
    wide.time += wide.time >= axis;
    Axes repeated = wide;
    repeated.sizes[axis] = repeats[axis].fixed;
    if (repeats[axis].fixed < 1 ||
        __builtin_mul_overflow(merged.sizes[axis], repeats[axis].fixed, &merged.sizes[axis])) {
      return absl::InvalidArgumentError(absl::StrCat("it repeats an axis ", repeats[axis].fixed, " times"));
    }
    RECURD_ASSIGN_OR_RETURN(out, builder.Rearrange(Builder::Reinterpret(out, wide), Broadcast(wide, repeated)));
    out = Builder::Reinterpret(std::move(out), std::move(merged));
  }
  return lowering.Output(node, 0, std::move(out));
}

constexpr LowererEntry kEntries[] = {
    {"Slice", LowerSlice}, {"Gather", LowerGather}, {"Concat", LowerConcat},
    {"Split", LowerSplit}, {"Expand", LowerExpand}, {"Tile", LowerTile},
};

}  // namespace

absl::Span<const LowererEntry> SelectLowerers() { return kEntries; }

}  // namespace recurd::format
