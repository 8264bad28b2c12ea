#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/model/format/lower.h"

namespace recurd::format {
namespace {

absl::StatusOr<Value> SwapLastAxes(Builder& builder, const Value& value) {
  std::vector<int64_t> order(value.axes.rank());
  std::iota(order.begin(), order.end(), 0);
  if (order.size() >= 2) std::swap(order[order.size() - 1], order[order.size() - 2]);
  return builder.Transpose(value, order);
}

// a * b of two constants of rank 2.
absl::StatusOr<Value> FoldMatMul(Builder& builder, const Value& a, const Value& b) {
  constexpr int64_t kOperationsPerElement = 256;  // arithmetic is charged for as well as memory
  const int64_t rows = a.axes.sizes[0], inner = a.axes.sizes[1], cols = b.axes.sizes[1];
  if (inner != b.axes.sizes[0] || !a.elements->is_float || !b.elements->is_float) {
    return absl::InvalidArgumentError(
        absl::StrCat("it multiplies constants of shape ", a.axes.ToString(), " and ", b.axes.ToString()));
  }
  RECURD_RETURN_IF_ERROR(builder.Charge(Axes{{rows, inner, cols}}.count() / kOperationsPerElement));
  RECURD_RETURN_IF_ERROR(builder.Charge(Axes{{rows, cols}}.count()));
  Elements out;
  out.floats.resize(rows * cols);
  std::vector<double> sums(cols);
  for (int64_t row = 0; row < rows; ++row) {
    std::fill(sums.begin(), sums.end(), 0.0);
    for (int64_t k = 0; k < inner; ++k) {
      const double factor = a.elements->floats[row * inner + k];
      for (int64_t col = 0; col < cols; ++col) sums[col] += factor * b.elements->floats[k * cols + col];
    }
    std::copy(sums.begin(), sums.end(), out.floats.begin() + row * cols);
  }
  return ConstantValue(std::move(out), {rows, cols});
}

// A constant operand of a product as a matrix: axes before the last two must be of size 1.
absl::StatusOr<Value> AsMatrix(const Value& value) {
  const int rank = value.axes.rank();
  for (int i = 0; i < rank - 2; ++i) {
    if (value.axes.sizes[i] == 1) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("it multiplies by a stack of matrices of shape ", value.axes.ToString()));
  }
  return Builder::Reinterpret(value, Axes{{value.axes.sizes.end() - 2, value.axes.sizes.end()}});
}

// Puts axes of size 1 in front until the value has `rank` axes.
Value Raised(Value value, int rank) {
  const int missing = std::max(rank - value.axes.rank(), 0);
  value.axes.sizes.insert(value.axes.sizes.begin(), missing, 1);
  if (value.axes.has_time()) value.axes.time += missing;
  return value;
}

// NumPy's matmul of operands of rank 2 or more, one of which is constant.
absl::StatusOr<Value> Multiply(Builder& builder, const Value& a, const Value& b) {
  const int rank = std::max(a.axes.rank(), b.axes.rank());
  if (a.is_constant() && b.is_constant()) {
    RECURD_ASSIGN_OR_RETURN(const Value left, AsMatrix(a));
    RECURD_ASSIGN_OR_RETURN(const Value right, AsMatrix(b));
    RECURD_ASSIGN_OR_RETURN(Value out, FoldMatMul(builder, left, right));
    return Raised(std::move(out), rank);
  }
  if (b.is_constant()) {
    RECURD_ASSIGN_OR_RETURN(const Value weights, AsMatrix(b));
    return builder.Dense(Raised(a, rank), weights);
  }
  if (!a.is_constant()) return builder.Dense(a, b);
  RECURD_ASSIGN_OR_RETURN(const Value matrix, AsMatrix(a));
  RECURD_ASSIGN_OR_RETURN(const Value weights, SwapLastAxes(builder, matrix));
  RECURD_ASSIGN_OR_RETURN(const Value turned, SwapLastAxes(builder, Raised(b, rank)));
  RECURD_ASSIGN_OR_RETURN(const Value product, builder.Dense(turned, weights));
  return SwapLastAxes(builder, product);
}

absl::Status LowerMatMul(const Node& node, Lowering& lowering) {
  RECURD_ASSIGN_OR_RETURN(const Value* a, lowering.Input(node, 0));
  RECURD_ASSIGN_OR_RETURN(const Value* b, lowering.Input(node, 1));
  if (a->axes.rank() == 0 || b->axes.rank() == 0) return absl::InvalidArgumentError("it multiplies a single number");
  // A vector is a row on the left and a column on the right; that axis is not in the product.
  const bool is_row = a->axes.rank() == 1, is_column = b->axes.rank() == 1;
  Value left = is_row ? Raised(*a, 2) : *a;
  Value right = *b;
  if (is_column) right.axes.sizes.push_back(1);
  RECURD_ASSIGN_OR_RETURN(Value out, Multiply(lowering.builder(), left, right));
  std::vector<int64_t> extra;
  if (is_row) extra.push_back(-2);
  if (is_column) extra.push_back(-1);
  if (!extra.empty()) {
    RECURD_ASSIGN_OR_RETURN(Axes axes, Squeezed(out.axes, extra, lowering.builder().steps()));
    out = Builder::Reinterpret(std::move(out), std::move(axes));
  }
  return lowering.Output(node, 0, std::move(out));
}

// alpha * a * b + beta * c. A factor goes into the constant operand.
absl::Status LowerGemm(const Node& node, Lowering& lowering) {
  Builder& builder = lowering.builder();
  RECURD_ASSIGN_OR_RETURN(const float alpha, node.Float("alpha", 1));
  RECURD_ASSIGN_OR_RETURN(const float beta, node.Float("beta", 1));
  Value operands[2];
  for (int i : {0, 1}) {
    RECURD_ASSIGN_OR_RETURN(const Value* operand, lowering.Input(node, i));
    RECURD_ASSIGN_OR_RETURN(const int64_t is_transposed, node.Int(i == 0 ? "transA" : "transB", 0));
    if (operand->axes.rank() != 2) return absl::InvalidArgumentError(absl::StrCat("its input ", i, " is no matrix"));
    operands[i] = *operand;
    if (is_transposed != 0) {
      RECURD_ASSIGN_OR_RETURN(operands[i], SwapLastAxes(builder, *operand));
    }
  }
  if (alpha != 1) {
    Value& scaled = operands[1].is_constant() ? operands[1] : operands[0];
    RECURD_ASSIGN_OR_RETURN(scaled, builder.Binary(BinaryKind::kMul, scaled, ScalarValue(alpha)));
  }
  RECURD_ASSIGN_OR_RETURN(Value out, Multiply(builder, operands[0], operands[1]));
  if (lowering.HasInput(node, 2) && beta != 0) {
    RECURD_ASSIGN_OR_RETURN(const Value* bias, lowering.Input(node, 2));
    Value scaled = *bias;
    if (beta != 1) {
      RECURD_ASSIGN_OR_RETURN(scaled, builder.Binary(BinaryKind::kMul, *bias, ScalarValue(beta)));
    }
    RECURD_ASSIGN_OR_RETURN(out, builder.Binary(BinaryKind::kAdd, out, scaled));
  }
  return lowering.Output(node, 0, std::move(out));
}

// (x - zero_point) * scale of constants, with one scale or one for each place along an axis. Done in one go: bytes take
// eight times their size as integers, so that no second copy of those is made.
absl::Status LowerDequantizeLinear(const Node& node, Lowering& lowering) {
  RECURD_ASSIGN_OR_RETURN(const int64_t given, node.Int("axis", 1));
  RECURD_ASSIGN_OR_RETURN(const int64_t block_size, node.Int("block_size", 0));
  if (block_size != 0) return absl::InvalidArgumentError("quantization in blocks is not supported");
  RECURD_ASSIGN_OR_RETURN(const Value* in, lowering.Constant(node, 0));
  const std::vector<int64_t>& sizes = in->axes.sizes;
  int64_t adjacent = 1;  // elements that share a place along the axis
  const auto term = [&](int i) -> absl::StatusOr<const Elements*> {
    RECURD_ASSIGN_OR_RETURN(const Value* value, lowering.Constant(node, i));
    if (value->axes.count() == 1) return value->elements.get();
    RECURD_ASSIGN_OR_RETURN(const int axis, NormalAxis(given, in->axes.rank()));
    if (value->axes.sizes != std::vector<int64_t>{sizes[axis]}) {
      return absl::InvalidArgumentError(
          absl::StrCat("its input ", i, " is not one number for each place of axis ", axis));
    }
    adjacent = Axes{{sizes.begin() + axis + 1, sizes.end()}}.count();
    return value->elements.get();
  };
  const Elements no_zero_point{.is_float = false, .integers = {0}};
  const Elements* zero_point = &no_zero_point;
  RECURD_ASSIGN_OR_RETURN(const Elements* scale, term(1));
  if (lowering.HasInput(node, 2)) {
    RECURD_ASSIGN_OR_RETURN(zero_point, term(2));
  }
  const bool are_integers = !in->elements->is_float && !zero_point->is_float && in->elements->per_step.empty() &&
                            zero_point->per_step.empty();
  if (!are_integers || !scale->is_float) return absl::InvalidArgumentError("it takes integers, and floats as scales");
  RECURD_RETURN_IF_ERROR(lowering.builder().Charge(in->axes.count()));
  Elements out;
  out.floats.reserve(in->elements->size());
  for (int64_t i = 0; i < in->elements->size(); ++i) {
    const int64_t place = i / std::max<int64_t>(adjacent, 1);
    int64_t difference;
    if (__builtin_sub_overflow(in->elements->integers[i], zero_point->integers[place % zero_point->size()],
                               &difference)) {
      return absl::InvalidArgumentError("an element less its zero point is no 64-bit integer");
    }
    out.floats.push_back(static_cast<float>(difference) * scale->floats[place % scale->size()]);
  }
  return lowering.Output(node, 0, ConstantValue(std::move(out), sizes));
}

constexpr LowererEntry kEntries[] = {
    {"MatMul", LowerMatMul},
    {"Gemm", LowerGemm},
    {"DequantizeLinear", LowerDequantizeLinear},
};

}  // namespace

absl::Span<const LowererEntry> DenseLowerers() { return kEntries; }

}  // namespace recurd::format
