#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/model/format/value.h"
#include "server/model/model.h"

namespace recurd::format {

// Arithmetic on constants while a model is imported. Operands have equal sizes (broadcasting comes before). Integers
// may depend on the number of steps; what can't be decided for every number of steps T >= 1 is an error. Errors:
// INVALID_ARGUMENT: operand types that don't fit, overflow, division by zero, "depends on the number of steps".

absl::StatusOr<Elements> FoldBinary(BinaryKind kind, const Elements& a, const Elements& b);
// `op` is ONNX's name of a comparison or logical operator: Equal, Greater, GreaterOrEqual, Less, LessOrEqual, And, Or.
absl::StatusOr<Elements> FoldCompare(absl::string_view op, const Elements& a, const Elements& b);
absl::StatusOr<Elements> FoldUnary(const Activation& function, const Elements& in);
absl::StatusOr<Elements> FoldNot(const Elements& in);
// Chooses a[i] where condition[i], else b[i].
absl::StatusOr<Elements> FoldWhere(const Elements& condition, const Elements& a, const Elements& b);

// What ReduceKind has not and only constants need.
enum class FoldReduceKind { kSum, kMean, kMax, kMin, kProd };
// Reduces each run of `length` adjacent elements to one.
absl::StatusOr<Elements> FoldReduce(FoldReduceKind kind, const Elements& in, int64_t length);

// The elements that a view shows.
Elements Pick(const Elements& from, const View& view);
std::vector<float> PickFloats(const Elements& from, const View& view);
absl::StatusOr<Elements> ToFloats(const Elements& from);
// Rounds towards zero. Errors: INVALID_ARGUMENT for values that are no int64.
absl::StatusOr<Elements> ToIntegers(const Elements& from);
// 1 for what is not zero.
Elements ToBooleans(const Elements& from);

}  // namespace recurd::format
