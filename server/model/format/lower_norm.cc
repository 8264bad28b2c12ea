#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/model/format/lower.h"

namespace recurd::format {
namespace {

absl::StatusOr<std::vector<int>> NormalAxes(const std::vector<int64_t>& given, int rank) {
  std::vector<int> axes;
  for (int64_t axis : given) {
    RECURD_ASSIGN_OR_RETURN(const int normal, NormalAxis(axis, rank));
    axes.push_back(normal);
  }
  return axes;
}

struct Reduction {
  std::vector<int> axes;
  bool keep_axes = true;
  bool is_identity = false;
};

absl::StatusOr<Reduction> ReadReduction(const Node& node, Lowering& lowering, const Value& in) {
  Reduction reduction;
  RECURD_ASSIGN_OR_RETURN(const std::vector<int64_t> axes, lowering.IntegersOrAttribute(node, 1, "axes"));
  RECURD_ASSIGN_OR_RETURN(reduction.axes, NormalAxes(axes, in.axes.rank()));
  RECURD_ASSIGN_OR_RETURN(const int64_t keep_axes, node.Int("keepdims", 1));
  RECURD_ASSIGN_OR_RETURN(const int64_t empty_is_none, node.Int("noop_with_empty_axes", 0));
  reduction.keep_axes = keep_axes != 0;
  reduction.is_identity = axes.empty() && empty_is_none != 0;
  return reduction;
}

template <FoldReduceKind kind>
absl::Status LowerReduce(const Node& node, Lowering& lowering) {
  RECURD_ASSIGN_OR_RETURN(const Value* in, lowering.Input(node, 0));
  RECURD_ASSIGN_OR_RETURN(const Reduction reduction, ReadReduction(node, lowering, *in));
  if (reduction.is_identity) return lowering.Output(node, 0, *in);
  RECURD_ASSIGN_OR_RETURN(Value out, lowering.builder().Reduce(kind, *in, reduction.axes, reduction.keep_axes));
  return lowering.Output(node, 0, std::move(out));
}

// The square root of the sum of squares, or with `has_root` false the sum alone.
template <bool has_root>
absl::Status LowerSquares(const Node& node, Lowering& lowering) {
  RECURD_ASSIGN_OR_RETURN(const Value* in, lowering.Input(node, 0));
  RECURD_ASSIGN_OR_RETURN(const Reduction reduction, ReadReduction(node, lowering, *in));
  if (reduction.is_identity) return absl::InvalidArgumentError("an empty list of axes is not supported");
  Builder& builder = lowering.builder();
  RECURD_ASSIGN_OR_RETURN(const Value squares, builder.Binary(BinaryKind::kMul, *in, *in));
  RECURD_ASSIGN_OR_RETURN(Value out,
                          builder.Reduce(FoldReduceKind::kSum, squares, reduction.axes, reduction.keep_axes));
  if (has_root) {
    RECURD_ASSIGN_OR_RETURN(out, builder.Unary({UnaryKind::kSqrt}, out));
  }
  return lowering.Output(node, 0, std::move(out));
}

// The axes that Softmax normalizes over: one since opset 13, all from `axis` on before.
absl::StatusOr<std::vector<int>> SoftmaxAxes(const Node& node, int rank) {
  const bool is_old = node.opset() < 13;
  RECURD_ASSIGN_OR_RETURN(const int64_t given, node.Int("axis", is_old ? 1 : -1));
  RECURD_ASSIGN_OR_RETURN(const int axis, NormalAxis(given, rank));
  std::vector<int> axes(is_old ? rank - axis : 1);
  std::iota(axes.begin(), axes.end(), axis);
  return axes;
}

// exp(x - max) / sum, or with `is_log` x - max - log(sum).
template <bool is_log>
absl::Status LowerSoftmax(const Node& node, Lowering& lowering) {
  RECURD_ASSIGN_OR_RETURN(const Value* in, lowering.Input(node, 0));
  RECURD_ASSIGN_OR_RETURN(const std::vector<int> axes, SoftmaxAxes(node, in->axes.rank()));
  Builder& builder = lowering.builder();
  if (std::find(axes.begin(), axes.end(), in->axes.time) != axes.end()) {
    RECURD_RETURN_IF_ERROR(builder.passes().NeedWholeSequence("it takes the softmax over time"));
  }
  RECURD_ASSIGN_OR_RETURN(const Value top, builder.Reduce(FoldReduceKind::kMax, *in, axes, true));
  RECURD_ASSIGN_OR_RETURN(const Value below, builder.Binary(BinaryKind::kSub, *in, top));
  RECURD_ASSIGN_OR_RETURN(const Value powers, builder.Unary({UnaryKind::kExp}, below));
  RECURD_ASSIGN_OR_RETURN(Value sum, builder.Reduce(FoldReduceKind::kSum, powers, axes, true));
  if (is_log) {
    RECURD_ASSIGN_OR_RETURN(sum, builder.Unary({UnaryKind::kLog}, sum));
  }
  RECURD_ASSIGN_OR_RETURN(Value out,
                          builder.Binary(is_log ? BinaryKind::kSub : BinaryKind::kDiv, is_log ? below : powers, sum));
  return lowering.Output(node, 0, std::move(out));
}

// (x - mean) / sqrt(variance + epsilon) * scale + bias over the axes from `axis` on.
absl::Status LowerLayerNormalization(const Node& node, Lowering& lowering) {
  RECURD_ASSIGN_OR_RETURN(const Value* in, lowering.Input(node, 0));
  RECURD_ASSIGN_OR_RETURN(const Value* scale, lowering.Input(node, 1));
  RECURD_ASSIGN_OR_RETURN(const int64_t given, node.Int("axis", -1));
  RECURD_ASSIGN_OR_RETURN(const float epsilon, node.Float("epsilon", 1e-5F));
  RECURD_ASSIGN_OR_RETURN(const int64_t stash_type, node.Int("stash_type", 1));
  if (stash_type != 1) return absl::InvalidArgumentError("it computes in another type than FLOAT");
  RECURD_ASSIGN_OR_RETURN(const int axis, NormalAxis(given, in->axes.rank()));
  std::vector<int> axes(in->axes.rank() - axis);
  std::iota(axes.begin(), axes.end(), axis);
  Builder& builder = lowering.builder();
  RECURD_ASSIGN_OR_RETURN(const Value mean, builder.Reduce(FoldReduceKind::kMean, *in, axes, true));
  RECURD_ASSIGN_OR_RETURN(const Value centred, builder.Binary(BinaryKind::kSub, *in, mean));
  RECURD_ASSIGN_OR_RETURN(const Value squares, builder.Binary(BinaryKind::kMul, centred, centred));
  RECURD_ASSIGN_OR_RETURN(const Value variance, builder.Reduce(FoldReduceKind::kMean, squares, axes, true));
  RECURD_ASSIGN_OR_RETURN(const Value shifted, builder.Binary(BinaryKind::kAdd, variance, ScalarValue(epsilon)));
  RECURD_ASSIGN_OR_RETURN(const Value deviation, builder.Unary({UnaryKind::kSqrt}, shifted));
  RECURD_ASSIGN_OR_RETURN(const Value normal, builder.Binary(BinaryKind::kDiv, centred, deviation));
  RECURD_ASSIGN_OR_RETURN(Value out, builder.Binary(BinaryKind::kMul, normal, *scale));
  if (lowering.HasInput(node, 2)) {
    RECURD_ASSIGN_OR_RETURN(const Value* bias, lowering.Input(node, 2));
    RECURD_ASSIGN_OR_RETURN(out, builder.Binary(BinaryKind::kAdd, out, *bias));
  }
  return lowering.Output(node, 0, std::move(out));
}

// x * a + (bias - mean * a) with a = scale / sqrt(variance + epsilon), for each channel (axis 1).
absl::Status LowerBatchNormalization(const Node& node, Lowering& lowering) {
  RECURD_ASSIGN_OR_RETURN(const Value* in, lowering.Input(node, 0));
  RECURD_ASSIGN_OR_RETURN(const float epsilon, node.Float("epsilon", 1e-5F));
  node.Has("momentum");
  RECURD_ASSIGN_OR_RETURN(const int64_t is_training, node.Int("training_mode", 0));
  RECURD_ASSIGN_OR_RETURN(const int64_t is_spatial, node.Int("spatial", 1));
  if (is_training != 0 || is_spatial != 1) {
    return absl::InvalidArgumentError("it is in training mode or not spatial; export the model in inference mode");
  }
  const int rank = in->axes.rank();
  if (rank < 2 || in->axes.time == 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("its channels, axis 1 of ", in->axes.ToString(), ", are missing or the time axis"));
  }
  Value terms[4];
  for (int i = 0; i < 4; ++i) {
    RECURD_ASSIGN_OR_RETURN(const Value* term, lowering.Constant(node, i + 1));
    if (term->axes.sizes != std::vector<int64_t>{in->axes.sizes[1]}) {
      return absl::InvalidArgumentError(absl::StrCat("its input ", i + 1, " of shape ", term->axes.ToString(),
                                                     " is not one number for each of ", in->axes.sizes[1],
                                                     " channels"));
    }
    Axes channel{std::vector<int64_t>(rank - 1, 1)};
    channel.sizes[0] = term->axes.sizes[0];
    terms[i] = Builder::Reinterpret(*term, std::move(channel));
  }
  const auto& [scale, bias, mean, variance] = terms;
  Builder& builder = lowering.builder();
  RECURD_ASSIGN_OR_RETURN(const Value shifted, builder.Binary(BinaryKind::kAdd, variance, ScalarValue(epsilon)));
  RECURD_ASSIGN_OR_RETURN(const Value deviation, builder.Unary({UnaryKind::kSqrt}, shifted));
  RECURD_ASSIGN_OR_RETURN(const Value factor, builder.Binary(BinaryKind::kDiv, scale, deviation));
  RECURD_ASSIGN_OR_RETURN(const Value mean_part, builder.Binary(BinaryKind::kMul, mean, factor));
  RECURD_ASSIGN_OR_RETURN(const Value offset, builder.Binary(BinaryKind::kSub, bias, mean_part));
  RECURD_ASSIGN_OR_RETURN(const Value scaled, builder.Binary(BinaryKind::kMul, *in, factor));
  RECURD_ASSIGN_OR_RETURN(Value out, builder.Binary(BinaryKind::kAdd, scaled, offset));
  return lowering.Output(node, 0, std::move(out));
}

constexpr LowererEntry kEntries[] = {
    {"ReduceSum", LowerReduce<FoldReduceKind::kSum>},
    {"ReduceMean", LowerReduce<FoldReduceKind::kMean>},
    {"ReduceMax", LowerReduce<FoldReduceKind::kMax>},
    {"ReduceMin", LowerReduce<FoldReduceKind::kMin>},
    {"ReduceProd", LowerReduce<FoldReduceKind::kProd>},
    {"ReduceL2", LowerSquares<true>},
    {"ReduceSumSquare", LowerSquares<false>},
    {"Softmax", LowerSoftmax<false>},
    {"LogSoftmax", LowerSoftmax<true>},
    {"LayerNormalization", LowerLayerNormalization},
    {"BatchNormalization", LowerBatchNormalization},
};

}  // namespace

absl::Span<const LowererEntry> NormLowerers() { return kEntries; }

}  // namespace recurd::format
