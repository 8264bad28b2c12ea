#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/model/format/lower.h"

namespace recurd::format {
namespace {

// An operator of one argument that is one UnaryKind; alpha and beta are read if the operator has them.
struct UnaryEntry {
  absl::string_view op;
  UnaryKind kind;
  bool has_alpha = false, has_beta = false;
  float alpha = 0, beta = 0;  // ONNX's defaults
};
constexpr UnaryEntry kUnary[] = {
    {"Relu", UnaryKind::kRelu},
    {"LeakyRelu", UnaryKind::kLeakyRelu, true, false, 0.01F},
    {"ThresholdedRelu", UnaryKind::kThresholdedRelu, true, false, 1},
    {"Sigmoid", UnaryKind::kSigmoid},
    {"HardSigmoid", UnaryKind::kHardSigmoid, true, true, 0.2F, 0.5F},
    {"Tanh", UnaryKind::kTanh},
    {"Elu", UnaryKind::kElu, true, false, 1},
    {"Softsign", UnaryKind::kSoftsign},
    {"Softplus", UnaryKind::kSoftplus},
    {"Exp", UnaryKind::kExp},
    {"Log", UnaryKind::kLog},
    {"Sqrt", UnaryKind::kSqrt},
    {"Reciprocal", UnaryKind::kReciprocal},
    {"Abs", UnaryKind::kAbs},
    {"Neg", UnaryKind::kNeg},
    {"Erf", UnaryKind::kErf},
};

absl::Status LowerUnary(const Node& node, Lowering& lowering) {
  RECURD_ASSIGN_OR_RETURN(const Value* in, lowering.Input(node, 0));
  for (const UnaryEntry& entry : kUnary) {
    if (entry.op != node.op()) continue;
    Activation function{entry.kind, entry.alpha, entry.beta};
    if (entry.has_alpha) {
      RECURD_ASSIGN_OR_RETURN(function.alpha, node.Float("alpha", entry.alpha));
    }
    if (entry.has_beta) {
      RECURD_ASSIGN_OR_RETURN(function.beta, node.Float("beta", entry.beta));
    }
    RECURD_ASSIGN_OR_RETURN(Value out, lowering.builder().Unary(function, *in));
    return lowering.Output(node, 0, std::move(out));
  }
  return absl::InternalError("it is in the table of lowerers but not in that of functions");
}

// Add, Sub, ... of two operands; Min, Max and Sum of any number, taken from left to right.
template <BinaryKind kind>
absl::Status LowerBinary(const Node& node, Lowering& lowering) {
  RECURD_ASSIGN_OR_RETURN(const Value* first, lowering.Input(node, 0));
  Value out = *first;
  for (int i = 1; i < node.input_count(); ++i) {
    RECURD_ASSIGN_OR_RETURN(const Value* next, lowering.Input(node, i));
    RECURD_ASSIGN_OR_RETURN(out, lowering.builder().Binary(kind, out, *next));
  }
  return lowering.Output(node, 0, std::move(out));
}

// The value of a float constant of one element.
bool IsScalar(const Value& value, float scalar) {
  return value.is_constant() && value.elements->is_float() && value.elements->size() == 1 &&
         value.elements->number(0) == scalar;
}

// Squares and square roots are what normalizations are written with; they are exact where a power is not.
absl::Status LowerPow(const Node& node, Lowering& lowering) {
  RECURD_ASSIGN_OR_RETURN(const Value* base, lowering.Input(node, 0));
  RECURD_ASSIGN_OR_RETURN(const Value* exponent, lowering.Input(node, 1));
  Value power = *exponent;
  Builder& builder = lowering.builder();
  if (power.is_constant() && !power.elements->is_float()) {
    RECURD_ASSIGN_OR_RETURN(Elements floats, ToFloats(*power.elements));
    power = ConstantValue(std::move(floats), power.axes.sizes);
  }
  const bool is_plain = power.axes.rank() <= base->axes.rank();
  Value out;
  if (is_plain && IsScalar(power, 2)) {
    RECURD_ASSIGN_OR_RETURN(out, builder.Binary(BinaryKind::kMul, *base, *base));
  } else if (is_plain && IsScalar(power, 0.5F)) {
    RECURD_ASSIGN_OR_RETURN(out, builder.Unary({UnaryKind::kSqrt}, *base));
  } else {
    RECURD_ASSIGN_OR_RETURN(out, builder.Binary(BinaryKind::kPow, *base, power));
  }
  return lowering.Output(node, 0, std::move(out));
}

absl::Status LowerClip(const Node& node, Lowering& lowering) {
  RECURD_ASSIGN_OR_RETURN(const Value* in, lowering.Input(node, 0));
  Builder& builder = lowering.builder();
  Value out = *in;
  for (int i : {1, 2}) {
    const bool is_lower = i == 1;
    const char* name = is_lower ? "min" : "max";
    Value bound;
    if (lowering.HasInput(node, i)) {
      RECURD_ASSIGN_OR_RETURN(const Value* given, lowering.Input(node, i));
      bound = *given;
    } else if (node.Has(name)) {
      RECURD_ASSIGN_OR_RETURN(const float value, node.Float(name, 0));
      bound = ScalarValue(value);
    } else {
      continue;
    }
    RECURD_ASSIGN_OR_RETURN(out, builder.Binary(is_lower ? BinaryKind::kMax : BinaryKind::kMin, out, bound));
  }
  return lowering.Output(node, 0, std::move(out));
}

// max(x, 0) + slope * min(x, 0)
absl::Status LowerPRelu(const Node& node, Lowering& lowering) {
  RECURD_ASSIGN_OR_RETURN(const Value* in, lowering.Input(node, 0));
  RECURD_ASSIGN_OR_RETURN(const Value* slope, lowering.Input(node, 1));
  Builder& builder = lowering.builder();
  RECURD_ASSIGN_OR_RETURN(const Value positive, builder.Binary(BinaryKind::kMax, *in, ScalarValue(0)));
  RECURD_ASSIGN_OR_RETURN(const Value negative, builder.Binary(BinaryKind::kMin, *in, ScalarValue(0)));
  RECURD_ASSIGN_OR_RETURN(const Value scaled, builder.Binary(BinaryKind::kMul, negative, *slope));
  RECURD_ASSIGN_OR_RETURN(Value out, builder.Binary(BinaryKind::kAdd, positive, scaled));
  return lowering.Output(node, 0, std::move(out));
}

// gamma * elu(x, alpha)
absl::Status LowerSelu(const Node& node, Lowering& lowering) {
  RECURD_ASSIGN_OR_RETURN(const Value* in, lowering.Input(node, 0));
  RECURD_ASSIGN_OR_RETURN(const float alpha, node.Float("alpha", 1.67326319217681884765625F));
  RECURD_ASSIGN_OR_RETURN(const float gamma, node.Float("gamma", 1.05070102214813232421875F));
  RECURD_ASSIGN_OR_RETURN(const Value elu, lowering.builder().Unary({UnaryKind::kElu, alpha}, *in));
  RECURD_ASSIGN_OR_RETURN(Value out, lowering.builder().Binary(BinaryKind::kMul, elu, ScalarValue(gamma)));
  return lowering.Output(node, 0, std::move(out));
}

// x * max(0, min(1, x / 6 + 1 / 2))
absl::Status LowerHardSwish(const Node& node, Lowering& lowering) {
  RECURD_ASSIGN_OR_RETURN(const Value* in, lowering.Input(node, 0));
  RECURD_ASSIGN_OR_RETURN(const Value gate, lowering.builder().Unary({UnaryKind::kHardSigmoid, 1.0F / 6, 0.5F}, *in));
  RECURD_ASSIGN_OR_RETURN(Value out, lowering.builder().Binary(BinaryKind::kMul, *in, gate));
  return lowering.Output(node, 0, std::move(out));
}

// x * (1 + erf(x / sqrt(2))) / 2
absl::Status LowerGelu(const Node& node, Lowering& lowering) {
  RECURD_ASSIGN_OR_RETURN(const Value* in, lowering.Input(node, 0));
  RECURD_ASSIGN_OR_RETURN(const std::string form, node.String("approximate", "none"));
  if (form != "none")
    return absl::InvalidArgumentError(absl::StrCat("its approximation '", form, "' is not supported"));
  Builder& builder = lowering.builder();
  RECURD_ASSIGN_OR_RETURN(const Value scaled, builder.Binary(BinaryKind::kMul, *in, ScalarValue(0.70710678F)));
  RECURD_ASSIGN_OR_RETURN(const Value erf, builder.Unary({UnaryKind::kErf}, scaled));
  RECURD_ASSIGN_OR_RETURN(const Value shifted, builder.Binary(BinaryKind::kAdd, erf, ScalarValue(1)));
  RECURD_ASSIGN_OR_RETURN(const Value twice, builder.Binary(BinaryKind::kMul, *in, shifted));
  RECURD_ASSIGN_OR_RETURN(Value out, builder.Binary(BinaryKind::kMul, twice, ScalarValue(0.5F)));
  return lowering.Output(node, 0, std::move(out));
}

struct ConstantPair {
  Value a, b;
};
absl::StatusOr<ConstantPair> BroadcastConstants(const Node& node, Lowering& lowering, int i, const Axes& with) {
  RECURD_ASSIGN_OR_RETURN(const Value* a, lowering.Constant(node, i));
  RECURD_ASSIGN_OR_RETURN(const Value* b, lowering.Constant(node, i + 1));
  RECURD_ASSIGN_OR_RETURN(const Axes both, BroadcastAxes(a->axes, b->axes));
  RECURD_ASSIGN_OR_RETURN(const Axes axes, BroadcastAxes(both, with));
  ConstantPair pair;
  RECURD_ASSIGN_OR_RETURN(pair.a, lowering.builder().BroadcastTo(*a, axes));
  RECURD_ASSIGN_OR_RETURN(pair.b, lowering.builder().BroadcastTo(*b, axes));
  return pair;
}

absl::Status LowerCompare(const Node& node, Lowering& lowering) {
  RECURD_ASSIGN_OR_RETURN(const ConstantPair pair, BroadcastConstants(node, lowering, 0, {}));
  RECURD_RETURN_IF_ERROR(lowering.builder().Charge(pair.a.axes.count()));
  RECURD_ASSIGN_OR_RETURN(Elements out, FoldCompare(node.op(), *pair.a.elements, *pair.b.elements));
  return lowering.Output(node, 0, ConstantValue(std::move(out), pair.a.axes.sizes));
}

absl::Status LowerNot(const Node& node, Lowering& lowering) {
  RECURD_ASSIGN_OR_RETURN(const Value* in, lowering.Constant(node, 0));
  RECURD_RETURN_IF_ERROR(lowering.builder().Charge(in->axes.count()));
  RECURD_ASSIGN_OR_RETURN(Elements out, FoldNot(*in->elements));
  return lowering.Output(node, 0, ConstantValue(std::move(out), in->axes.sizes));
}

absl::Status LowerWhere(const Node& node, Lowering& lowering) {
  RECURD_ASSIGN_OR_RETURN(const Value* condition, lowering.Constant(node, 0));
  RECURD_ASSIGN_OR_RETURN(const ConstantPair pair, BroadcastConstants(node, lowering, 1, condition->axes));
  RECURD_ASSIGN_OR_RETURN(const Value chosen, lowering.builder().BroadcastTo(*condition, pair.a.axes));
  RECURD_RETURN_IF_ERROR(lowering.builder().Charge(pair.a.axes.count()));
  RECURD_ASSIGN_OR_RETURN(Elements out, FoldWhere(*chosen.elements, *pair.a.elements, *pair.b.elements));
  return lowering.Output(node, 0, ConstantValue(std::move(out), pair.a.axes.sizes));
}

constexpr LowererEntry kEntries[] = {
    {"Relu", LowerUnary},
    {"LeakyRelu", LowerUnary},
    {"ThresholdedRelu", LowerUnary},
    {"Sigmoid", LowerUnary},
    {"HardSigmoid", LowerUnary},
    {"Tanh", LowerUnary},
    {"Elu", LowerUnary},
    {"Softsign", LowerUnary},
    {"Softplus", LowerUnary},
    {"Exp", LowerUnary},
    {"Log", LowerUnary},
    {"Sqrt", LowerUnary},
    {"Reciprocal", LowerUnary},
    {"Abs", LowerUnary},
    {"Neg", LowerUnary},
    {"Erf", LowerUnary},
    {"Add", LowerBinary<BinaryKind::kAdd>},
    {"Sub", LowerBinary<BinaryKind::kSub>},
    {"Mul", LowerBinary<BinaryKind::kMul>},
    {"Div", LowerBinary<BinaryKind::kDiv>},
    {"Min", LowerBinary<BinaryKind::kMin>},
    {"Max", LowerBinary<BinaryKind::kMax>},
    {"Sum", LowerBinary<BinaryKind::kAdd>},
    {"Pow", LowerPow},
    {"Clip", LowerClip},
    {"PRelu", LowerPRelu},
    {"Selu", LowerSelu},
    {"HardSwish", LowerHardSwish},
    {"Gelu", LowerGelu},
    {"Equal", LowerCompare},
    {"Greater", LowerCompare},
    {"GreaterOrEqual", LowerCompare},
    {"Less", LowerCompare},
    {"LessOrEqual", LowerCompare},
    {"And", LowerCompare},
    {"Or", LowerCompare},
    {"Not", LowerNot},
    {"Where", LowerWhere},
};

}  // namespace

absl::Span<const LowererEntry> ArithmeticLowerers() { return kEntries; }

}  // namespace recurd::format
