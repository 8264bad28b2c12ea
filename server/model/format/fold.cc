#include "server/model/format/fold.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"

namespace recurd::format {
namespace {

absl::Status DependsOnSteps() {
  return absl::InvalidArgumentError("its result depends on the number of steps of the sequence");
}
absl::Status Overflow() { return absl::InvalidArgumentError("its integers overflow"); }

float ApplyBinary(BinaryKind kind, float a, float b) {
  switch (kind) {
    case BinaryKind::kAdd:
      return a + b;
    case BinaryKind::kSub:
      return a - b;
    case BinaryKind::kMul:
      return a * b;
    case BinaryKind::kDiv:
      return a / b;
    case BinaryKind::kMin:
      return std::min(a, b);
    case BinaryKind::kMax:
      return std::max(a, b);
    case BinaryKind::kPow:
      return std::pow(a, b);
  }
  return 0;
}

// The sign of a - b for every T >= 1: -1, 0 or 1; with `weak`, 0 may also mean "zero for some T" on the side of
// `*weak`.
absl::StatusOr<int> Compare(const Dim& a, const Dim& b, int* weak = nullptr) {
  Dim d;
  if (__builtin_sub_overflow(a.fixed, b.fixed, &d.fixed)) return Overflow();
  if (__builtin_sub_overflow(a.per_step, b.per_step, &d.per_step)) return Overflow();
  if (d.per_step == 0) return (d.fixed > 0) - (d.fixed < 0);
  int64_t at_one;
  if (__builtin_add_overflow(d.fixed, d.per_step, &at_one)) return Overflow();
  const int direction = d.per_step > 0 ? 1 : -1;
  if (direction > 0 ? at_one > 0 : at_one < 0) return direction;
  if (at_one == 0 && weak != nullptr) {
    *weak = direction;
    return 0;
  }
  return DependsOnSteps();
}

absl::StatusOr<Dim> Add(const Dim& a, const Dim& b) {
  Dim out;
  if (__builtin_add_overflow(a.fixed, b.fixed, &out.fixed)) return Overflow();
  if (__builtin_add_overflow(a.per_step, b.per_step, &out.per_step)) return Overflow();
  return out;
}

absl::StatusOr<Dim> Mul(const Dim& a, const Dim& b) {
  if (a.per_step != 0 && b.per_step != 0) return DependsOnSteps();
  const int64_t factor = a.per_step == 0 ? a.fixed : b.fixed;
  const Dim& scaled = a.per_step == 0 ? b : a;
  Dim out;
  if (__builtin_mul_overflow(scaled.fixed, factor, &out.fixed)) return Overflow();
  if (__builtin_mul_overflow(scaled.per_step, factor, &out.per_step)) return Overflow();
  return out;
}

absl::StatusOr<Dim> Div(const Dim& a, const Dim& b) {
  if (b == Dim{0, 0}) return absl::InvalidArgumentError("it divides an integer by zero");
  if (a == b) return Dim{1, 0};
  if (b.per_step != 0) return DependsOnSteps();
  if (b.fixed == -1) return Mul(a, b);
  if (a.per_step == 0) return Dim{a.fixed / b.fixed, 0};
  if (a.per_step % b.fixed != 0 || a.fixed % b.fixed != 0) return DependsOnSteps();
  return Dim{a.fixed / b.fixed, a.per_step / b.fixed};
}

absl::StatusOr<Dim> MinMax(const Dim& a, const Dim& b, bool want_larger) {
  int weak = 0;
  RECURD_ASSIGN_OR_RETURN(const int sign, Compare(a, b, &weak));
  return (sign + weak > 0) == want_larger ? a : b;
}

absl::StatusOr<Dim> ApplyBinary(BinaryKind kind, const Dim& a, const Dim& b) {
  switch (kind) {
    case BinaryKind::kAdd:
      return Add(a, b);
    case BinaryKind::kSub: {
      RECURD_ASSIGN_OR_RETURN(const Dim negative, Mul(b, {-1, 0}));
      return Add(a, negative);
    }
    case BinaryKind::kMul:
      return Mul(a, b);
    case BinaryKind::kDiv:
      return Div(a, b);
    case BinaryKind::kMin:
      return MinMax(a, b, false);
    case BinaryKind::kMax:
      return MinMax(a, b, true);
    case BinaryKind::kPow:
      break;
  }
  return absl::InvalidArgumentError("powers of integers are not supported");
}

float ApplyUnary(const Activation& function, float value) {
  const double x = value, alpha = function.alpha, beta = function.beta;
  switch (function.kind) {
    case UnaryKind::kIdentity:
      return value;
    case UnaryKind::kRelu:
      return std::max(value, 0.0F);
    case UnaryKind::kLeakyRelu:
      return x < 0 ? alpha * x : x;
    case UnaryKind::kThresholdedRelu:
      return x > alpha ? x : 0;
    case UnaryKind::kSigmoid:
      return 1 / (1 + std::exp(-x));
    case UnaryKind::kHardSigmoid:
      return std::clamp(alpha * x + beta, 0.0, 1.0);
    case UnaryKind::kTanh:
      return std::tanh(x);
    case UnaryKind::kScaledTanh:
      return alpha * std::tanh(beta * x);
    case UnaryKind::kElu:
      return x < 0 ? alpha * std::expm1(x) : x;
    case UnaryKind::kSoftsign:
      return x / (1 + std::abs(x));
    case UnaryKind::kSoftplus:
      return std::log1p(std::exp(-std::abs(x))) + std::max(x, 0.0);
    case UnaryKind::kAffine:
      return alpha * x + beta;
    case UnaryKind::kExp:
      return std::exp(x);
    case UnaryKind::kLog:
      return std::log(x);
    case UnaryKind::kSqrt:
      return std::sqrt(x);
    case UnaryKind::kReciprocal:
      return 1 / x;
    case UnaryKind::kAbs:
      return std::abs(x);
    case UnaryKind::kNeg:
      return -value;
    case UnaryKind::kErf:
      return std::erf(x);
  }
  return value;
}

absl::StatusOr<bool> ApplyCompare(absl::string_view op, const Dim& a, const Dim& b) {
  if (op == "And") return a != Dim{0, 0} && b != Dim{0, 0};
  if (op == "Or") return a != Dim{0, 0} || b != Dim{0, 0};
  int weak = 0;
  RECURD_ASSIGN_OR_RETURN(const int sign, Compare(a, b, &weak));
  // With weak != 0 the difference is zero for one T and has the sign of weak for the others.
  if (op == "GreaterOrEqual" && weak >= 0) return sign >= 0;
  if (op == "LessOrEqual" && weak <= 0) return sign <= 0;
  if (op == "Greater" && weak <= 0) return sign > 0;
  if (op == "Less" && weak >= 0) return sign < 0;
  if (op == "Equal" && weak == 0) return sign == 0;
  return DependsOnSteps();
}

bool ApplyCompare(absl::string_view op, float a, float b) {
  if (op == "GreaterOrEqual") return a >= b;
  if (op == "LessOrEqual") return a <= b;
  if (op == "Greater") return a > b;
  if (op == "Less") return a < b;
  return a == b;
}

absl::Status MixedTypes() { return absl::InvalidArgumentError("its operands are of different types"); }

Elements EmptyLike(const Elements& other) { return other.is_float() ? Elements::Floats() : Elements::Integers(); }

}  // namespace

absl::StatusOr<Elements> FoldBinary(BinaryKind kind, const Elements& a, const Elements& b) {
  if (a.is_float() != b.is_float()) return MixedTypes();
  Elements out = EmptyLike(a);
  out.Reserve(a.size());
  for (int64_t i = 0; i < a.size(); ++i) {
    if (a.is_float()) {
      out.Append(ApplyBinary(kind, a.number(i), b.number(i)));
    } else {
      RECURD_ASSIGN_OR_RETURN(const Dim dim, ApplyBinary(kind, a.dim(i), b.dim(i)));
      out.Append(dim);
    }
  }
  return out;
}

absl::StatusOr<Elements> FoldCompare(absl::string_view op, const Elements& a, const Elements& b) {
  if (a.is_float() != b.is_float()) return MixedTypes();
  Elements out = Elements::Integers();
  for (int64_t i = 0; i < a.size(); ++i) {
    if (a.is_float()) {
      out.Append({ApplyCompare(op, a.number(i), b.number(i)), 0});
    } else {
      RECURD_ASSIGN_OR_RETURN(const bool holds, ApplyCompare(op, a.dim(i), b.dim(i)));
      out.Append({holds, 0});
    }
  }
  return out;
}

absl::StatusOr<Elements> FoldUnary(const Activation& function, const Elements& in) {
  Elements out = EmptyLike(in);
  out.Reserve(in.size());
  for (int64_t i = 0; i < in.size(); ++i) {
    if (in.is_float()) {
      out.Append(ApplyUnary(function, in.number(i)));
    } else if (function.kind == UnaryKind::kNeg) {
      RECURD_ASSIGN_OR_RETURN(const Dim dim, Mul(in.dim(i), {-1, 0}));
      out.Append(dim);
    } else {
      return absl::InvalidArgumentError("it takes integers");
    }
  }
  return out;
}

absl::StatusOr<Elements> FoldNot(const Elements& in) {
  if (in.is_float()) return MixedTypes();
  Elements out = Elements::Integers();
  for (int64_t i = 0; i < in.size(); ++i) out.Append({in.dim(i) == Dim{0, 0}, 0});
  return out;
}

absl::StatusOr<Elements> FoldWhere(const Elements& condition, const Elements& a, const Elements& b) {
  if (a.is_float() != b.is_float() || condition.is_float()) return MixedTypes();
  Elements out = EmptyLike(a);
  out.Reserve(a.size());
  for (int64_t i = 0; i < a.size(); ++i) out.Append(condition.dim(i) != Dim{0, 0} ? a : b, i, 1);
  return out;
}

absl::StatusOr<Elements> FoldReduce(FoldReduceKind kind, const Elements& in, int64_t length) {
  const BinaryKind step = kind == FoldReduceKind::kMax    ? BinaryKind::kMax
                          : kind == FoldReduceKind::kMin  ? BinaryKind::kMin
                          : kind == FoldReduceKind::kProd ? BinaryKind::kMul
                                                          : BinaryKind::kAdd;
  if (kind == FoldReduceKind::kMean && !in.is_float())
    return absl::InvalidArgumentError("it takes the mean of integers");
  Elements out = EmptyLike(in);
  for (int64_t i = 0; i < in.size(); i += length) {
    if (in.is_float()) {
      float total = in.number(i);
      for (int64_t j = 1; j < length; ++j) total = ApplyBinary(step, total, in.number(i + j));
      out.Append(kind == FoldReduceKind::kMean ? total / static_cast<float>(length) : total);
    } else {
      Dim total = in.dim(i);
      for (int64_t j = 1; j < length; ++j) {
        RECURD_ASSIGN_OR_RETURN(total, ApplyBinary(step, total, in.dim(i + j)));
      }
      out.Append(total);
    }
  }
  return out;
}

Elements Pick(const Elements& from, const View& view) {
  if (from.is_float()) return Elements::Floats(PickFloats(from, view));
  Elements out = Elements::Integers();
  out.Reserve(view.axes.count());
  VisitPositions(view, [&](int64_t position) { out.Append(from.dim(position)); });
  return out;
}

std::vector<float> PickFloats(const Elements& from, const View& view) {
  std::vector<float> out;
  out.reserve(view.axes.count());
  VisitPositions(view, [&](int64_t position) { out.push_back(from.number(position)); });
  return out;
}

absl::StatusOr<Elements> ToFloats(const Elements& from) {
  if (from.is_float()) return from;
  Elements out = Elements::Floats();
  out.Reserve(from.size());
  for (int64_t i = 0; i < from.size(); ++i) {
    const Dim dim = from.dim(i);
    if (dim.per_step != 0) return DependsOnSteps();
    out.Append(static_cast<float>(dim.fixed));
  }
  return out;
}

absl::StatusOr<Elements> ToIntegers(const Elements& from) {
  if (!from.is_float()) return from;
  Elements out = Elements::Integers();
  out.Reserve(from.size());
  for (int64_t i = 0; i < from.size(); ++i) {
    const float value = from.number(i);
    if (!(std::abs(value) < 9.0e18F)) return absl::InvalidArgumentError(absl::StrCat(value, " is no int64"));
    out.Append({static_cast<int64_t>(value), 0});
  }
  return out;
}

Elements ToBooleans(const Elements& from) {
  Elements out = Elements::Integers();
  out.Reserve(from.size());
  for (int64_t i = 0; i < from.size(); ++i) {
    out.Append({from.is_float() ? from.number(i) != 0 : from.dim(i) != Dim{0, 0}, 0});
  }
  return out;
}

}  // namespace recurd::format
