#include "server/model/format/builder.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"

namespace recurd::format {
namespace {

// The axes of values joined along one, which must agree in all others.
absl::StatusOr<Axes> JoinedAxes(const std::vector<const Value*>& values, int axis) {
  const Axes& first = values[0]->axes;
  Axes joined = first;
  joined.sizes[axis] = 0;
  for (const Value* value : values) {
    RECURD_RETURN_IF_ERROR(CheckTogether(*values[0], *value));
    Axes rest = value->axes;
    if (rest.rank() == first.rank()) rest.sizes[axis] = first.sizes[axis];
    if (rest != first) {
      return absl::InvalidArgumentError(
          absl::StrCat("it joins values of shape ", first.ToString(), " and ", value->axes.ToString()));
    }
    joined.sizes[axis] += value->axes.sizes[axis];
  }
  if (axis == first.time) return absl::InvalidArgumentError("it joins values along the time axis");
  return joined;
}

bool IsWhole(const View& view, const Axes& source) {
  if (view.offset != 0 || view.axes.count() != source.count()) return false;
  const std::vector<int64_t> strides = RowMajorStrides(view.axes.sizes);
  for (int i = 0; i < view.axes.rank(); ++i) {
    if (view.axes.sizes[i] != 1 && view.strides[i] != strides[i]) return false;
  }
  return true;
}

absl::Status CheckFloats(const Value& value) {
  if (value.is_constant() && !value.elements->is_float()) {
    return absl::InvalidArgumentError("it mixes integers with computed values");
  }
  if (value.kind == Value::Kind::kStateInput) {
    return absl::InvalidArgumentError("it computes with an initial state; those must reach their layer unchanged");
  }
  return absl::OkStatus();
}

ReduceKind ToReduceKind(FoldReduceKind kind) {
  switch (kind) {
    case FoldReduceKind::kMean:
      return ReduceKind::kMean;
    case FoldReduceKind::kMax:
      return ReduceKind::kMax;
    default:
      return ReduceKind::kSum;
  }
}

}  // namespace

absl::Status CheckTogether(const Value& a, const Value& b) {
  if (a.is_constant() && b.is_constant()) return absl::OkStatus();
  RECURD_RETURN_IF_ERROR(CheckFloats(a));
  return CheckFloats(b);
}

absl::StatusOr<int> Builder::Meet(const std::vector<Value*>& values) {
  const auto is_per_step = [](const Value* value) { return value->is_per_step(); };
  const bool has_steps = std::any_of(values.begin(), values.end(), is_per_step);
  int pass = 0;
  for (const Value* value : values) {
    if (!value->is_computed()) continue;
    const bool is_result = has_steps && value->is_final();
    if (is_result) RECURD_RETURN_IF_ERROR(passes_.NeedWholeSequence("it uses a result of all steps at every step"));
    pass = std::max(pass, value->pass + is_result);
  }
  for (Value* value : values) {
    if (!value->is_final() || value->pass == pass) continue;
    RECURD_ASSIGN_OR_RETURN(*value, Hold(std::move(*value)));
  }
  return pass;
}

absl::StatusOr<Value> Builder::Hold(Value value) {
  const int before = program_.frame_size;
  for (int& place : value.places) place = program_.Hold(place, value.pass);
  RECURD_RETURN_IF_ERROR(Charge(value.axes.count() + program_.frame_size - before));
  RECURD_RETURN_IF_ERROR(passes_.Require(++value.pass));
  return value;
}

absl::Status Builder::Charge(int64_t count) {
  if (count > budget_) {
    return absl::InvalidArgumentError("the graph makes more values than a file of its size has reason to");
  }
  budget_ -= count;
  return absl::OkStatus();
}

Value Builder::Reinterpret(Value value, Axes axes) {
  value.axes = std::move(axes);
  return value;
}

absl::StatusOr<Value> Builder::Rearrange(const Value& value, const View& view) {
  if (IsWhole(view, value.axes)) return Reinterpret(value, view.axes);
  RECURD_RETURN_IF_ERROR(Charge(view.axes.count()));
  if (view.axes.count() == 0 && !value.is_constant()) return absl::InvalidArgumentError("its result is empty");
  Value out{.kind = value.kind, .axes = view.axes, .state_input = value.state_input, .pass = value.pass};
  if (value.is_constant()) {
    out.elements = std::make_shared<const Elements>(Pick(*value.elements, view));
  } else {
    out.places.reserve(view.axes.count());
    VisitPositions(view, [&](int64_t position) { out.places.push_back(value.places[position]); });
  }
  return out;
}

absl::StatusOr<Value> Builder::Transpose(const Value& value, absl::Span<const int64_t> order) {
  RECURD_ASSIGN_OR_RETURN(const View view, Transposed(value.axes, order));
  return Rearrange(value, view);
}

absl::StatusOr<Value> Builder::Slice(const Value& value, int axis, int64_t begin, int64_t size) {
  View view = Whole(value.axes);
  view.offset = begin * view.strides[axis];
  view.axes.sizes[axis] = size;
  return Rearrange(value, view);
}

absl::StatusOr<Value> Builder::BroadcastTo(const Value& value, const Axes& axes) {
  if (value.axes == axes) return value;
  if (axes.has_time() && !value.is_per_step()) {
    RECURD_ASSIGN_OR_RETURN(Value computed, Computed(value));
    if (value.is_final()) {
      RECURD_RETURN_IF_ERROR(passes_.NeedWholeSequence("it repeats a result of all steps over the time axis"));
      RECURD_ASSIGN_OR_RETURN(computed, Hold(std::move(computed)));
    }
    return Rearrange(computed, Broadcast(value.axes, axes));
  }
  return Rearrange(value, Broadcast(value.axes, axes));
}

absl::StatusOr<Value> Builder::Concat(const std::vector<const Value*>& values, int64_t given_axis) {
  const Axes& first = values[0]->axes;
  RECURD_ASSIGN_OR_RETURN(const int axis, NormalAxis(given_axis, first.rank()));
  if (values.size() == 1) return *values[0];
  RECURD_ASSIGN_OR_RETURN(Axes axes, JoinedAxes(values, axis));
  RECURD_RETURN_IF_ERROR(Charge(axes.count()));

  // Behind the outer axes stands a run of each value.
  const int64_t outer_count = Axes{{first.sizes.begin(), first.sizes.begin() + axis}}.count();
  const auto join = [&](const auto& append) {
    for (int64_t outer = 0; outer < outer_count; ++outer) {
      for (size_t i = 0; i < values.size(); ++i) {
        const int64_t run = values[i]->axes.count() / outer_count;
        append(i, outer * run, run);
      }
    }
  };
  if (std::all_of(values.begin(), values.end(), [](const Value* value) { return value->is_constant(); })) {
    const bool is_float = values[0]->elements->is_float();
    for (const Value* value : values) {
      if (value->elements->is_float() != is_float) return absl::InvalidArgumentError("it joins floats and integers");
    }
    Elements elements = is_float ? Elements::Floats() : Elements::Integers();
    elements.Reserve(axes.count());
    join([&](size_t i, int64_t begin, int64_t run) { elements.Append(*values[i]->elements, begin, run); });
    return ConstantValue(std::move(elements), std::move(axes.sizes));
  }
  std::vector<Value> computed;
  for (const Value* value : values) {
    RECURD_ASSIGN_OR_RETURN(computed.emplace_back(), Computed(*value));
  }
  std::vector<Value*> pointers;
  for (Value& value : computed) pointers.push_back(&value);
  Value out{.kind = Value::Kind::kComputed, .axes = std::move(axes)};
  RECURD_ASSIGN_OR_RETURN(out.pass, Meet(pointers));
  join([&](size_t i, int64_t begin, int64_t run) {
    const auto from = computed[i].places.begin() + begin;
    out.places.insert(out.places.end(), from, from + run);
  });
  return out;
}

absl::StatusOr<Value> Builder::AtEnd(Value value, bool is_last, bool keep_axis) {
  if (!is_last) RECURD_RETURN_IF_ERROR(passes_.NeedWholeSequence("it takes the value at the first step"));
  RECURD_ASSIGN_OR_RETURN(value.pass, passes_.Find(value.pass, !is_last));
  if (!keep_axis) value.axes.sizes.erase(value.axes.sizes.begin() + value.axes.time);
  value.axes.time = -1;
  return value;
}

absl::StatusOr<Value> Builder::Computed(const Value& value) {
  RECURD_RETURN_IF_ERROR(CheckFloats(value));
  if (!value.is_constant()) return value;
  RECURD_RETURN_IF_ERROR(Charge(value.axes.count()));
  if (value.axes.count() == 0) return absl::InvalidArgumentError("it computes with an empty value");
  const Span at = program_.AddConstant(value.elements->Numbers(0, value.axes.count()));
  Value out{.kind = Value::Kind::kComputed, .axes = value.axes};
  out.places.resize(at.size);
  std::iota(out.places.begin(), out.places.end(), at.offset);
  return out;
}

absl::StatusOr<Span> Builder::Gather(const Value& value, int pass) {
  RECURD_RETURN_IF_ERROR(Charge(value.axes.count()));
  return program_.Gather(value.places, pass);
}

absl::StatusOr<Value> Builder::NewValue(const Axes& axes, int pass, Span* out) {
  RECURD_RETURN_IF_ERROR(Charge(axes.count()));
  if (axes.count() == 0) return absl::InvalidArgumentError("its result is empty");
  *out = program_.Allocate(static_cast<int>(axes.count()), pass);
  Value value{.kind = Value::Kind::kComputed, .axes = axes, .pass = pass};
  value.places.resize(out->size);
  std::iota(value.places.begin(), value.places.end(), out->offset);
  return value;
}

// An operand of an elementwise op whose result has these axes: one value for all of them, or one each.
absl::StatusOr<Span> Builder::Operand(const Value& value, const Axes& axes, int pass) {
  Value broadcast = value;
  if (value.is_constant()) {
    if (value.axes.count() > 1) {
      RECURD_ASSIGN_OR_RETURN(broadcast, Rearrange(value, Broadcast(value.axes, axes)));
    }
    RECURD_ASSIGN_OR_RETURN(broadcast, Computed(broadcast));
    return Gather(broadcast, pass);
  }
  RECURD_ASSIGN_OR_RETURN(broadcast, Rearrange(value, Broadcast(value.axes, axes)));
  const std::vector<int>& places = broadcast.places;
  const bool is_single = std::all_of(places.begin(), places.end(), [&](int place) { return place == places[0]; });
  if (is_single) return Span{places[0], 1};
  return Gather(broadcast, pass);
}

// A constant that lists a value for each step of a fixed number of steps, all of them equal, is one without time.
absl::StatusOr<Value> Builder::SameAtEachStep(const Value& constant, const Value& other) {
  const int axis = other.axes.time - (other.axes.rank() - constant.axes.rank());
  if (!constant.is_constant() || !other.is_per_step() || axis < 0 || constant.axes.sizes[axis] <= 1) return constant;
  RECURD_ASSIGN_OR_RETURN(const Value first, Slice(constant, axis, 0, 1));
  RECURD_ASSIGN_OR_RETURN(const Value repeated, Rearrange(first, Broadcast(first.axes, constant.axes)));
  bool is_same = true;
  for (int64_t i = 0; i < constant.axes.count(); ++i) {
    is_same &= repeated.elements->number(i) == constant.elements->number(i);
  }
  if (is_same) return first;
  return absl::InvalidArgumentError(
      absl::StrCat("its constant of shape ", constant.axes.ToString(), " changes along the time axis"));
}

absl::StatusOr<Value> Builder::Unary(const Activation& function, const Value& in) {
  if (in.is_constant()) {
    RECURD_RETURN_IF_ERROR(Charge(in.axes.count()));
    RECURD_ASSIGN_OR_RETURN(Elements folded, FoldUnary(function, *in.elements));
    return ConstantValue(std::move(folded), in.axes.sizes);
  }
  RECURD_RETURN_IF_ERROR(CheckFloats(in));
  RECURD_ASSIGN_OR_RETURN(const Span from, Gather(in, in.pass));
  Span to;
  RECURD_ASSIGN_OR_RETURN(Value out, NewValue(in.axes, in.pass, &to));
  program_.ops.push_back(UnaryOp{function, from, to});
  return out;
}

absl::StatusOr<Value> Builder::Binary(BinaryKind kind, const Value& given_a, const Value& given_b) {
  RECURD_RETURN_IF_ERROR(CheckTogether(given_a, given_b));
  RECURD_ASSIGN_OR_RETURN(Value a, SameAtEachStep(given_a, given_b));
  RECURD_ASSIGN_OR_RETURN(Value b, SameAtEachStep(given_b, given_a));
  RECURD_ASSIGN_OR_RETURN(const Axes axes, BroadcastAxes(a.axes, b.axes));
  RECURD_RETURN_IF_ERROR(Charge(axes.count()));
  if (a.is_constant() && b.is_constant()) {
    RECURD_ASSIGN_OR_RETURN(const Value wide_a, Rearrange(a, Broadcast(a.axes, axes)));
    RECURD_ASSIGN_OR_RETURN(const Value wide_b, Rearrange(b, Broadcast(b.axes, axes)));
    RECURD_ASSIGN_OR_RETURN(Elements folded, FoldBinary(kind, *wide_a.elements, *wide_b.elements));
    return ConstantValue(std::move(folded), axes.sizes);
  }
  Span to;
  RECURD_ASSIGN_OR_RETURN(const int pass, Meet({&a, &b}));
  RECURD_ASSIGN_OR_RETURN(const Span from_a, Operand(a, axes, pass));
  RECURD_ASSIGN_OR_RETURN(const Span from_b, Operand(b, axes, pass));
  RECURD_ASSIGN_OR_RETURN(Value out, NewValue(axes, pass, &to));
  program_.ops.push_back(BinaryOp{kind, from_a, from_b, to});
  return out;
}

absl::StatusOr<Value> Builder::Reduce(FoldReduceKind kind, const Value& in, std::vector<int> axes, bool keep_axes) {
  if (axes.empty()) {
    axes.resize(in.axes.rank());
    std::iota(axes.begin(), axes.end(), 0);
  }
  if (const auto time = std::find(axes.begin(), axes.end(), in.axes.time); time != axes.end()) {
    axes.erase(std::remove(time, axes.end(), in.axes.time), axes.end());
    Value within = in;
    if (!axes.empty()) {
      RECURD_ASSIGN_OR_RETURN(within, Reduce(kind, in, axes, true));
    }
    RECURD_ASSIGN_OR_RETURN(Value out, ReduceTime(kind, within));
    if (keep_axes) return out;
    Axes dropped;
    for (int axis = 0; axis < in.axes.rank(); ++axis) {
      const bool is_reduced = axis == in.axes.time || std::find(axes.begin(), axes.end(), axis) != axes.end();
      if (!is_reduced) dropped.sizes.push_back(in.axes.sizes[axis]);
    }
    return Reinterpret(std::move(out), std::move(dropped));
  }
  std::vector<int64_t> order;  // the kept axes, then the reduced ones
  Axes kept = in.axes, dropped;
  for (int axis = 0; axis < in.axes.rank(); ++axis) {
    if (std::find(axes.begin(), axes.end(), axis) != axes.end()) continue;
    order.push_back(axis);
    if (axis == in.axes.time) dropped.time = dropped.rank();
    dropped.sizes.push_back(in.axes.sizes[axis]);
  }
  int64_t length = 1;
  for (int axis : axes) {
    order.push_back(axis);
    length *= in.axes.sizes[axis];
    kept.sizes[axis] = 1;
  }
  if (length == 0) return absl::InvalidArgumentError("it reduces an empty axis");
  RECURD_ASSIGN_OR_RETURN(const Value adjacent, Transpose(in, order));
  return ReduceAdjacent(kind, adjacent, length, keep_axes ? kept : dropped);
}

absl::StatusOr<Value> Builder::ReduceTime(FoldReduceKind kind, const Value& in) {
  const bool is_max = kind == FoldReduceKind::kMax, is_min = kind == FoldReduceKind::kMin;
  const bool is_mean = kind == FoldReduceKind::kMean;
  if (kind == FoldReduceKind::kProd) return absl::InvalidArgumentError("products over time are not supported");
  const std::string what = is_max ? "maximum" : is_min ? "minimum" : is_mean ? "mean" : "sum";
  RECURD_RETURN_IF_ERROR(passes_.NeedWholeSequence(absl::StrCat("it takes the ", what, " over time")));
  if (is_max) return Accumulate(BinaryKind::kMax, in, ".max");
  if (is_min) return Accumulate(BinaryKind::kMin, in, ".min");
  RECURD_ASSIGN_OR_RETURN(Value sum, Accumulate(BinaryKind::kAdd, in, ".sum"));
  if (!is_mean) return sum;
  if (step_counts_.count(in.pass) == 0) {
    RECURD_ASSIGN_OR_RETURN(Value one, Computed(ScalarValue(1)));
    one.pass = in.pass;
    RECURD_ASSIGN_OR_RETURN(step_counts_[in.pass], Accumulate(BinaryKind::kAdd, one, ".steps"));
  }
  return Binary(BinaryKind::kDiv, sum, step_counts_[in.pass]);
}

// In the first pass that finds `in`, whichever way it walks.
absl::StatusOr<Value> Builder::Accumulate(BinaryKind kind, const Value& in, const std::string& suffix) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  const float first = kind == BinaryKind::kMax ? -kLargest : kind == BinaryKind::kMin ? kLargest : 0;
  Axes axes{in.axes.sizes};
  AccumulateOp op{.kind = kind};
  RECURD_ASSIGN_OR_RETURN(op.in, Gather(in, in.pass));
  RECURD_ASSIGN_OR_RETURN(Value out, NewValue(axes, in.pass, &op.out));
  RECURD_RETURN_IF_ERROR(Charge(op.in.size));
  const std::string name = program_.UniqueName(node_name_ + suffix);
  op.state_offset = program_.AddState({{.name = name, .size = op.in.size}, std::vector<float>(op.in.size, first)});
  program_.ops.push_back(op);
  return out;
}

absl::StatusOr<Value> Builder::ReduceAdjacent(FoldReduceKind kind, const Value& in, int64_t length, const Axes& axes) {
  if (in.is_constant()) {
    RECURD_RETURN_IF_ERROR(Charge(in.axes.count()));
    RECURD_ASSIGN_OR_RETURN(Elements folded, FoldReduce(kind, *in.elements, length));
    return ConstantValue(std::move(folded), axes.sizes);
  }
  RECURD_RETURN_IF_ERROR(CheckFloats(in));
  if (length == 1) return Reinterpret(in, axes);
  if (kind == FoldReduceKind::kProd) return absl::InvalidArgumentError("products over features are not supported");
  if (kind == FoldReduceKind::kMin) {  // -max(-x)
    RECURD_ASSIGN_OR_RETURN(const Value negative, Unary({UnaryKind::kNeg}, in));
    RECURD_ASSIGN_OR_RETURN(const Value largest, ReduceAdjacent(FoldReduceKind::kMax, negative, length, axes));
    return Unary({UnaryKind::kNeg}, largest);
  }
  RECURD_ASSIGN_OR_RETURN(const Span from, Gather(in, in.pass));
  Span to;
  RECURD_ASSIGN_OR_RETURN(Value out, NewValue(axes, in.pass, &to));
  program_.ops.push_back(ReduceOp{ToReduceKind(kind), from, to});
  return out;
}

absl::StatusOr<Value> Builder::Dense(const Value& in, const Value& weights, bool is_transposed) {
  RECURD_RETURN_IF_ERROR(CheckFloats(in));
  const int rank = in.axes.rank();
  if (!weights.is_constant() || !weights.elements->is_float() || weights.axes.rank() != 2) {
    return absl::InvalidArgumentError("it multiplies two computed values; one must be a constant matrix of floats");
  }
  const int64_t inputs = weights.axes.sizes[is_transposed], outputs = weights.axes.sizes[!is_transposed];
  if (rank == 0 || in.axes.time == rank - 1) {
    return absl::InvalidArgumentError("it multiplies along the time axis, across steps");
  }
  if (in.axes.sizes[rank - 1] != inputs || inputs == 0 || outputs == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("it multiplies ", in.axes.sizes[rank - 1], " features by a matrix of ", inputs, " x ", outputs));
  }
  RECURD_RETURN_IF_ERROR(Charge(weights.axes.count()));
  View by_output = Whole(weights.axes);
  if (!is_transposed) {
    RECURD_ASSIGN_OR_RETURN(by_output, Transposed(weights.axes, {1, 0}));
  }
  std::vector<float> values = PickFloats(*weights.elements, by_output);
  if (!std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); })) {
    return absl::InvalidArgumentError("its weights are not all finite");
  }
  Axes axes = in.axes;
  axes.sizes[rank - 1] = outputs;
  Span to;
  RECURD_ASSIGN_OR_RETURN(Value out, NewValue(axes, in.pass, &to));
  RECURD_ASSIGN_OR_RETURN(const Span from, Gather(in, in.pass));
  program_.ops.push_back(
      DenseOp{from, to, {static_cast<int>(outputs), static_cast<int>(inputs), std::move(values)}, {}});
  return out;
}

}  // namespace recurd::format
