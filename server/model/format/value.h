#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "server/model/format/axes.h"

namespace recurd::format {

// The elements of a constant tensor, row-major: floats of any width as float, integers and booleans as int64 that may
// depend on the number of steps. They are held, or read where they stand: the bytes of a file would take eight times as
// much if they were held.
class Elements {
 public:
  Elements() : Elements(true) {}
  static Elements Floats(std::vector<float> values = {});
  static Elements Integers(std::vector<int64_t> values = {});
  // read(i) makes element i of `count`; whatever it reads must outlive these elements.
  static Elements Floats(int64_t count, std::function<float(int64_t)> read);
  static Elements Integers(int64_t count, std::function<int64_t(int64_t)> read);

  bool is_float() const { return is_float_; }
  int64_t size() const;
  // An element of floats, and one of integers.
  float number(int64_t i) const { return read_float_ ? read_float_(i) : floats_[i]; }
  Dim dim(int64_t i) const;
  bool depends_on_steps() const { return !per_step_.empty(); }
  // Floats [begin, begin + count).
  std::vector<float> Numbers(int64_t begin, int64_t count) const;

  // Precondition of all three: held elements. Those behind them must be of the same type.
  void Append(float value) { floats_.push_back(value); }
  void Append(const Dim& dim);
  void Append(const Elements& other, int64_t begin, int64_t count);
  // Makes room for `count` elements in all.
  void Reserve(int64_t count);

 private:
  explicit Elements(bool is_float) : is_float_(is_float) {}

  bool is_float_;
  std::vector<float> floats_;
  std::vector<int64_t> integers_;
  std::vector<int64_t> per_step_;  // integers_[i] + per_step_[i] * T; empty: none depends on T
  int64_t read_count_ = 0;
  std::function<float(int64_t)> read_float_;
  std::function<int64_t(int64_t)> read_integer_;
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
