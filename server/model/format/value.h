#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "server/model/format/axes.h"

namespace recurd::format {

// The elements of a constant tensor, row-major. Floats of every width are held as float. Integers and booleans are held
// as int64 and may depend on the number of steps T: integers[i] + per_step[i] * T, where an empty per_step means none
// does.
struct Elements {
  bool is_float = true;
  std::vector<float> floats;
  std::vector<int64_t> integers;
  std::vector<int64_t> per_step;

  int64_t size() const { return static_cast<int64_t>(is_float ? floats.size() : integers.size()); }
  Dim dim(int64_t i) const { return {integers[i], per_step.empty() ? 0 : per_step[i]}; }
  void Append(const Dim& dim);
  // Errors: INVALID_ARGUMENT for floats behind integers or integers behind floats.
  absl::Status Append(const Elements& other);
};

// What is known of a tensor of the graph while it is lowered.
struct Value {
  enum class Kind {
    kConstant,    // all elements known
    kComputed,    // every element stands somewhere in the frame; without a time axis: its value after the last step
    kStateInput,  // elements of a graph input that gives initial states
  };
  Kind kind = Kind::kConstant;
  Axes axes;
  std::shared_ptr<const Elements> elements;  // kConstant
  std::vector<int> places;  // kComputed: each element's place in the frame. kStateInput: its position in that input
  int state_input = -1;     // kStateInput: which
  // kComputed: the first pass that can read it. Without a time axis: the pass after whose last step it is meant; a
  // later one finds it by Program::Hold only.
  int pass = 0;

  bool is_constant() const { return kind == Kind::kConstant; }
  bool is_computed() const { return kind == Kind::kComputed; }
  bool is_per_step() const { return is_computed() && axes.has_time(); }
  bool is_final() const { return is_computed() && !axes.has_time(); }
};

Value ConstantValue(Elements elements, std::vector<int64_t> sizes);
Value ScalarValue(float value);

}  // namespace recurd::format
