#include <algorithm>
#include <memory>
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
  if (inner != b.axes.sizes[0] || !a.elements->is_float() || !b.elements->is_float()) {
    return absl::InvalidArgumentError(
        absl::StrCat("it multiplies constants of shape ", a.axes.ToString(), " and ", b.axes.ToString()));
  }
  RECURD_RETURN_IF_ERROR(builder.Charge(Axes{{rows, inner, cols}}.count() / kOperationsPerElement));
  RECURD_RETURN_IF_ERROR(builder.Charge(Axes{{rows, cols}}.count()));
  RECURD_RETURN_IF_ERROR(builder.Charge(a.axes.count()));
  RECURD_RETURN_IF_ERROR(builder.Charge(b.axes.count()));
  const std::vector<float> right = b.elements->Numbers(0, b.axes.count());
  std::vector<float> out(rows * cols);
  std::vector<double> sums(cols);
  for (int64_t row = 0; row < rows; ++row) {
    std::fill(sums.begin(), sums.end(), 0.0);
    for (int64_t k = 0; k < inner; ++k) {
      const double factor = a.elements->number(row * inner + k);
      for (int64_t col = 0; col < cols; ++col) sums[col] += factor * right[k * cols + col];
    }
    std::copy(sums.begin(), sums.end(), out.begin() + row * cols);
  }
  return ConstantValue(Elements::Floats(std::move(out)), {rows, cols});
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

// NumPy's matmul of operands of rank 2 or more, one of which is constant. The second may be a matrix that is
// transposed.
absl::StatusOr<Value> Multiply(Builder& builder, const Value& a, const Value& given_b, bool is_transposed) {
  const int rank = std::max(a.axes.rank(), given_b.axes.rank());
  if (given_b.is_constant() && !a.is_constant()) {
    RECURD_ASSIGN_OR_RETURN(const Value weights, AsMatrix(given_b));
    return builder.Dense(Raised(a, rank), weights, is_transposed);
  }
  Value b = given_b;
  if (is_transposed) {
    RECURD_ASSIGN_OR_RETURN(b, SwapLastAxes(builder, given_b));
  }
  if (!a.is_constant()) return builder.Dense(a, b, false);
  RECURD_ASSIGN_OR_RETURN(const Value matrix, AsMatrix(a));
  if (b.is_constant()) {
    RECURD_ASSIGN_OR_RETURN(const Value right, AsMatrix(b));
    RECURD_ASSIGN_OR_RETURN(Value out, FoldMatMul(builder, matrix, right));
    return Raised(std::move(out), rank);
  }
  RECURD_ASSIGN_OR_RETURN(const Value turned, SwapLastAxes(builder, Raised(b, rank)));
  RECURD_ASSIGN_OR_RETURN(const Value product, builder.Dense(turned, matrix, true));
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
  RECURD_ASSIGN_OR_RETURN(Value out, Multiply(lowering.builder(), left, right, false));
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
    if (operand->axes.rank() != 2) return absl::InvalidArgumentError(absl::StrCat("its input ", i, " is no matrix"));
    operands[i] = *operand;
  }
  RECURD_ASSIGN_OR_RETURN(const int64_t a_is_transposed, node.Int("transA", 0));
  RECURD_ASSIGN_OR_RETURN(const int64_t b_is_transposed, node.Int("transB", 0));
  if (a_is_transposed != 0) {
    RECURD_ASSIGN_OR_RETURN(operands[0], SwapLastAxes(builder, operands[0]));
  }
  if (alpha != 1) {
    Value& scaled = operands[1].is_constant() ? operands[1] : operands[0];
    RECURD_ASSIGN_OR_RETURN(scaled, builder.Binary(BinaryKind::kMul, scaled, ScalarValue(alpha)));
  }
  RECURD_ASSIGN_OR_RETURN(Value out, Multiply(builder, operands[0], operands[1], b_is_transposed != 0));
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

// (x - zero_point) * scale of constants, with one scale or one for each place along an axis. The products are made as
// they are read, so that the weights of a file of bytes are held as floats once only, by their layer. Scales are held:
// they may be such products themselves.
absl::Status LowerDequantizeLinear(const Node& node, Lowering& lowering) {
  RECURD_ASSIGN_OR_RETURN(const int64_t given, node.Int("axis", 1));
  RECURD_ASSIGN_OR_RETURN(const int64_t block_size, node.Int("block_size", 0));
  if (block_size != 0) return absl::InvalidArgumentError("quantization in blocks is not supported");
  RECURD_ASSIGN_OR_RETURN(const Value* in, lowering.Constant(node, 0));
  const std::vector<int64_t>& sizes = in->axes.sizes;
  int64_t adjacent = 1;  // elements that share a place along the axis
  const auto term = [&](int i) -> absl::StatusOr<std::shared_ptr<const Elements>> {
    RECURD_ASSIGN_OR_RETURN(const Value* value, lowering.Constant(node, i));
    if (value->axes.count() == 1) return value->elements;
    RECURD_ASSIGN_OR_RETURN(const int axis, NormalAxis(given, in->axes.rank()));
    if (value->axes.sizes != std::vector<int64_t>{sizes[axis]}) {
      return absl::InvalidArgumentError(
          absl::StrCat("its input ", i, " is not one number for each place of axis ", axis));
    }
    adjacent = Axes{{sizes.begin() + axis + 1, sizes.end()}}.count();
    return value->elements;
  };
  auto zero_point = std::make_shared<const Elements>(Elements::Integers({0}));
  RECURD_ASSIGN_OR_RETURN(const std::shared_ptr<const Elements> scale, term(1));
  if (lowering.HasInput(node, 2)) {
    RECURD_ASSIGN_OR_RETURN(zero_point, term(2));
  }
  const auto are_integers = [](const Elements& elements) {
    return !elements.is_float() && !elements.depends_on_steps();
  };
  if (!are_integers(*in->elements) || !are_integers(*zero_point) || !scale->is_float()) {
    return absl::InvalidArgumentError("it takes integers, and floats as scales");
  }
  RECURD_RETURN_IF_ERROR(lowering.builder().Charge(scale->size()));
  auto element = [x = in->elements, zero_point, scales = scale->Numbers(0, scale->size()), adjacent](int64_t i) {
    const int64_t place = i / adjacent;
    // Exact for 32 bits, the widest that ONNX quantizes to.
    const auto zero = static_cast<double>(zero_point->dim(place % zero_point->size()).fixed);
    const auto difference = static_cast<float>(static_cast<double>(x->dim(i).fixed) - zero);
    return difference * scales[place % scales.size()];
  };
  return lowering.Output(node, 0, ConstantValue(Elements::Floats(in->axes.count(), std::move(element)), sizes));
}

constexpr LowererEntry kEntries[] = {
    {"MatMul", LowerMatMul},
    {"Gemm", LowerGemm},
    {"DequantizeLinear", LowerDequantizeLinear},
};

}  // namespace

absl::Span<const LowererEntry> DenseLowerers() { return kEntries; }

}  // namespace recurd::format
