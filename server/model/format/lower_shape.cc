#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/model/format/lower.h"

namespace recurd::format {
namespace {

absl::Status LowerConstant(const Node& node, Lowering& lowering) {
  Value out;
  if (node.Has("value_float")) {
    RECURD_ASSIGN_OR_RETURN(const float value, node.Float("value_float", 0));
    out = ScalarValue(value);
  } else if (node.Has("value_floats")) {
    RECURD_ASSIGN_OR_RETURN(std::vector<float> values, node.Floats("value_floats"));
    const auto count = static_cast<int64_t>(values.size());
    out = ConstantValue(Elements::Floats(std::move(values)), {count});
  } else if (node.Has("value_int")) {
    RECURD_ASSIGN_OR_RETURN(const int64_t value, node.Int("value_int", 0));
    out = ConstantValue(Elements::Integers({value}), {});
  } else if (node.Has("value_ints")) {
    RECURD_ASSIGN_OR_RETURN(std::vector<int64_t> values, node.Ints("value_ints"));
    const auto count = static_cast<int64_t>(values.size());
    out = ConstantValue(Elements::Integers(std::move(values)), {count});
  } else {
    RECURD_ASSIGN_OR_RETURN(out, node.Tensor("value"));
  }
  return lowering.Output(node, 0, std::move(out));
}

// A shape given as dims, of a value that will hold constants: an axis as long as the sequence becomes the time axis.
absl::StatusOr<Axes> AxesOf(const std::vector<Dim>& dims) {
  if (dims.size() > kMaxRank) {
    return absl::InvalidArgumentError(absl::StrCat("a shape of ", dims.size(), " axes; the limit is ", kMaxRank));
  }
  Axes axes;
  for (const Dim& dim : dims) {
    const bool is_time = dim == Dim{0, 1};
    if (is_time && !axes.has_time()) {
      axes.time = axes.rank();
    } else if (dim.per_step != 0 || dim.fixed < 0) {
      return absl::InvalidArgumentError("its shape depends on the number of steps, or is negative");
    }
    axes.sizes.push_back(is_time ? 1 : dim.fixed);
  }
  return axes;
}

absl::Status LowerConstantOfShape(const Node& node, Lowering& lowering) {
  RECURD_ASSIGN_OR_RETURN(const std::vector<Dim> dims, lowering.Dims(node, 0));
  RECURD_ASSIGN_OR_RETURN(const Axes axes, AxesOf(dims));
  Value value = ScalarValue(0);
  if (node.Has("value")) {
    RECURD_ASSIGN_OR_RETURN(value, node.Tensor("value"));
  }
  if (value.axes.count() != 1) return absl::InvalidArgumentError("its value is not one number");
  value.axes = {};
  RECURD_ASSIGN_OR_RETURN(Value out, lowering.builder().BroadcastTo(value, axes));
  return lowering.Output(node, 0, std::move(out));
}

absl::Status LowerShape(const Node& node, Lowering& lowering) {
  RECURD_ASSIGN_OR_RETURN(const Value* in, lowering.Input(node, 0));
  const int64_t rank = in->axes.rank();
  RECURD_ASSIGN_OR_RETURN(int64_t start, node.Int("start", 0));
  RECURD_ASSIGN_OR_RETURN(int64_t end, node.Int("end", rank));
  const auto clamp = [&](int64_t axis) { return std::clamp<int64_t>(axis < 0 ? axis + rank : axis, 0, rank); };
  Elements elements = Elements::Integers();
  for (int64_t axis = clamp(start); axis < clamp(end); ++axis) {
    const StepCount steps = lowering.builder().steps();
    const bool is_time = axis == in->axes.time;
    elements.Append(!is_time ? Dim{in->axes.sizes[axis], 0} : steps ? Dim{*steps, 0} : Dim{0, 1});
  }
  const int64_t count = elements.size();
  return lowering.Output(node, 0, ConstantValue(std::move(elements), {count}));
}

absl::Status LowerSize(const Node& node, Lowering& lowering) {
  RECURD_ASSIGN_OR_RETURN(const Value* in, lowering.Input(node, 0));
  const StepCount steps = lowering.builder().steps();
  const int64_t count = in->axes.count();
  if (in->axes.has_time() && steps) {
    return absl::InvalidArgumentError("the size of a value with a time axis of fixed length is not supported");
  }
  Elements elements = Elements::Integers();
  elements.Append(!in->axes.has_time() ? Dim{count, 0} : Dim{0, count});
  return lowering.Output(node, 0, ConstantValue(std::move(elements), {}));
}

absl::Status LowerReshape(const Node& node, Lowering& lowering) {
  RECURD_ASSIGN_OR_RETURN(const Value* in, lowering.Input(node, 0));
  RECURD_ASSIGN_OR_RETURN(const std::vector<Dim> target, lowering.Dims(node, 1));
  RECURD_ASSIGN_OR_RETURN(const int64_t allow_zero, node.Int("allowzero", 0));
  RECURD_ASSIGN_OR_RETURN(Axes axes, Reshaped(in->axes, target, allow_zero != 0, lowering.builder().steps()));
  return lowering.Output(node, 0, Builder::Reinterpret(*in, std::move(axes)));
}

absl::Status LowerFlatten(const Node& node, Lowering& lowering) {
  RECURD_ASSIGN_OR_RETURN(const Value* in, lowering.Input(node, 0));
  const Axes& from = in->axes;
  RECURD_ASSIGN_OR_RETURN(const int64_t given, node.Int("axis", 1));
  const int64_t axis = given < 0 ? given + from.rank() : given;
  if (axis < 0 || axis > from.rank()) {
    return absl::InvalidArgumentError(absl::StrCat("axis ", given, " of a value of shape ", from.ToString()));
  }
  Axes to{{Axes{{from.sizes.begin(), from.sizes.begin() + axis}}.count(),
           Axes{{from.sizes.begin() + axis, from.sizes.end()}}.count()}};
  if (from.has_time()) {
    to.time = from.time < axis ? 0 : 1;
    if (to.sizes[to.time] != 1) {
      return absl::InvalidArgumentError(absl::StrCat("it merges the time axis of ", from.ToString(), " with another"));
    }
  }
  return lowering.Output(node, 0, Builder::Reinterpret(*in, std::move(to)));
}

absl::Status LowerSqueeze(const Node& node, Lowering& lowering) {
  RECURD_ASSIGN_OR_RETURN(const Value* in, lowering.Input(node, 0));
  RECURD_ASSIGN_OR_RETURN(const std::vector<int64_t> which, lowering.IntegersOrAttribute(node, 1, "axes"));
  RECURD_ASSIGN_OR_RETURN(Axes axes, Squeezed(in->axes, which, lowering.builder().steps()));
  return lowering.Output(node, 0, Builder::Reinterpret(*in, std::move(axes)));
}

absl::Status LowerUnsqueeze(const Node& node, Lowering& lowering) {
  RECURD_ASSIGN_OR_RETURN(const Value* in, lowering.Input(node, 0));
  RECURD_ASSIGN_OR_RETURN(const std::vector<int64_t> which, lowering.IntegersOrAttribute(node, 1, "axes"));
  RECURD_ASSIGN_OR_RETURN(Axes axes, Unsqueezed(in->axes, which));
  return lowering.Output(node, 0, Builder::Reinterpret(*in, std::move(axes)));
}

absl::Status LowerTranspose(const Node& node, Lowering& lowering) {
  RECURD_ASSIGN_OR_RETURN(const Value* in, lowering.Input(node, 0));
  RECURD_ASSIGN_OR_RETURN(std::vector<int64_t> order, node.Ints("perm"));
  if (!node.Has("perm")) {
    for (int axis = in->axes.rank() - 1; axis >= 0; --axis) order.push_back(axis);
  }
  RECURD_ASSIGN_OR_RETURN(Value out, lowering.builder().Transpose(*in, order));
  return lowering.Output(node, 0, std::move(out));
}

absl::Status LowerIdentity(const Node& node, Lowering& lowering) {
  RECURD_ASSIGN_OR_RETURN(const Value* in, lowering.Input(node, 0));
  return lowering.Output(node, 0, *in);
}

absl::Status LowerDropout(const Node& node, Lowering& lowering) {
  for (const char* ignored : {"ratio", "seed"}) node.Has(ignored);
  if (lowering.HasInput(node, 2)) {
    RECURD_ASSIGN_OR_RETURN(const std::vector<int64_t> is_training, lowering.Integers(node, 2));
    if (is_training != std::vector<int64_t>{0}) {
      return absl::InvalidArgumentError("it is in training mode; export the model in inference mode");
    }
  }
  return LowerIdentity(node, lowering);
}

absl::Status LowerCast(const Node& node, Lowering& lowering) {
  RECURD_ASSIGN_OR_RETURN(const Value* in, lowering.Input(node, 0));
  RECURD_ASSIGN_OR_RETURN(const int64_t to, node.Int("to", 0));
  using onnx::TensorProto;
  const bool to_float = to == TensorProto::FLOAT || to == TensorProto::DOUBLE;
  const bool to_integer = (to >= TensorProto::UINT8 && to <= TensorProto::INT64) || to == TensorProto::BOOL ||
                          to == TensorProto::UINT32 || to == TensorProto::UINT64;
  if (!in->is_constant()) {
    if (to == TensorProto::FLOAT) return lowering.Output(node, 0, *in);
    return absl::InvalidArgumentError(
        absl::StrCat("it casts computed values to type ", to, "; only FLOAT is computed with"));
  }
  if (!to_float && !to_integer) return absl::InvalidArgumentError(absl::StrCat("it casts constants to type ", to));
  const bool to_bool = to == TensorProto::BOOL;
  if (to_float == in->elements->is_float() && !to_bool) return lowering.Output(node, 0, *in);
  RECURD_RETURN_IF_ERROR(lowering.builder().Charge(in->axes.count()));
  Elements elements;
  if (to_bool) {
    elements = ToBooleans(*in->elements);
  } else if (to_float) {
    RECURD_ASSIGN_OR_RETURN(elements, ToFloats(*in->elements));
  } else {
    RECURD_ASSIGN_OR_RETURN(elements, ToIntegers(*in->elements));
  }
  return lowering.Output(node, 0, ConstantValue(std::move(elements), in->axes.sizes));
}

constexpr LowererEntry kEntries[] = {
    {"Constant", LowerConstant},   {"ConstantOfShape", LowerConstantOfShape},
    {"Shape", LowerShape},         {"Size", LowerSize},
    {"Reshape", LowerReshape},     {"Flatten", LowerFlatten},
    {"Squeeze", LowerSqueeze},     {"Unsqueeze", LowerUnsqueeze},
    {"Transpose", LowerTranspose}, {"Identity", LowerIdentity},
    {"Dropout", LowerDropout},     {"Cast", LowerCast},
};

}  // namespace

absl::Span<const LowererEntry> ShapeLowerers() { return kEntries; }

}  // namespace recurd::format
