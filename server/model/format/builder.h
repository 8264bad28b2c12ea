#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "server/model/format/fold.h"
#include "server/model/format/passes.h"
#include "server/model/format/program.h"
#include "server/model/format/value.h"

namespace recurd::format {

// Computes on values: constants at once, what depends on a step by ops added to the program. A rearrangement of values
// never is an op: it only renames places, and Program::Gather copies where an op needs its operand in one run. An op
// runs in the first pass that finds all its operands.
// Errors: INVALID_ARGUMENT with a reason that reads well behind the node's label.
class Builder {
 public:
  // `budget`: how many elements all intermediate values together may have.
  Builder(StepCount steps, int64_t budget, bool must_stream) : steps_(steps), budget_(budget), passes_(must_stream) {}

  StepCount steps() const { return steps_; }
  Program& program() { return program_; }
  PassList& passes() { return passes_; }
  // The node that is lowered, for names of what it adds to the state.
  void set_node_name(std::string name) { node_name_ = std::move(name); }

  // Takes `count` elements off the budget, before they are allocated.
  absl::Status Charge(int64_t count);

  // The same elements under other axes. Precondition: equal counts.
  static Value Reinterpret(Value value, Axes axes);
  absl::StatusOr<Value> Rearrange(const Value& value, const View& view);
  absl::StatusOr<Value> Transpose(const Value& value, absl::Span<const int64_t> order);
  absl::StatusOr<Value> Concat(const std::vector<const Value*>& values, int64_t axis);
  // [begin, begin + size) of a fixed axis.
  absl::StatusOr<Value> Slice(const Value& value, int axis, int64_t begin, int64_t size);
  // Repeats a float constant's or computed value's axes of size 1. It may gain a time axis.
  absl::StatusOr<Value> BroadcastTo(const Value& value, const Axes& axes);

  absl::StatusOr<Value> Unary(const Activation& function, const Value& in);
  absl::StatusOr<Value> Binary(BinaryKind kind, const Value& a, const Value& b);
  // Axes are counted from the front; an empty list means all.
  absl::StatusOr<Value> Reduce(FoldReduceKind kind, const Value& in, std::vector<int> axes, bool keep_axes);
  // A per-step value as it is at the first or last step only. The axis that was time keeps its size of 1, or goes.
  absl::StatusOr<Value> AtEnd(Value value, bool is_last, bool keep_axis);
  // out[.., n] = sum over k of in[.., k] * weights[k, n], or of weights[n, k] if they are transposed; the last axis of
  // `in` is fixed.
  absl::StatusOr<Value> Dense(const Value& in, const Value& weights, bool is_transposed);

  // A float constant made into places of the frame; a computed value as it is.
  absl::StatusOr<Value> Computed(const Value& value);
  // Where the elements of a computed value stand, in one run, for an op of `pass`.
  absl::StatusOr<Span> Gather(const Value& value, int pass);
  // A new computed value, and the run of the frame that an op of `pass` must write to make it.
  absl::StatusOr<Value> NewValue(const Axes& axes, int pass, Span* out);

 private:
  // The first pass that finds all these values. Those without a time axis that are made before it are held for it.
  absl::StatusOr<int> Meet(const std::vector<Value*>& values);
  // The same values, for every step of the passes behind theirs.
  absl::StatusOr<Value> Hold(Value value);
  // A per-step value reduced over the time axis, which keeps its size of 1.
  absl::StatusOr<Value> ReduceTime(FoldReduceKind kind, const Value& in);
  absl::StatusOr<Value> Accumulate(BinaryKind kind, const Value& in, const std::string& suffix);
  // Reduces runs of `length` adjacent elements; `axes` are the result's.
  absl::StatusOr<Value> ReduceAdjacent(FoldReduceKind kind, const Value& in, int64_t length, const Axes& axes);
  absl::StatusOr<Span> Operand(const Value& value, const Axes& axes, int pass);
  absl::StatusOr<Value> SameAtEachStep(const Value& constant, const Value& other);

  const StepCount steps_;
  int64_t budget_;
  PassList passes_;
  Program program_;
  std::string node_name_;
  std::map<int, Value> step_counts_;  // by pass
};

// Errors: INVALID_ARGUMENT if the two values can't be used together: integers or initial states among computed ones.
absl::Status CheckTogether(const Value& a, const Value& b);

}  // namespace recurd::format
