#include "server/model/format/value.h"

#include <utility>

namespace recurd::format {

Elements Elements::Floats(std::vector<float> values) {
  Elements elements(true);
  elements.floats_ = std::move(values);
  return elements;
}

Elements Elements::Integers(std::vector<int64_t> values) {
  Elements elements(false);
  elements.integers_ = std::move(values);
  return elements;
}

Elements Elements::Floats(int64_t count, std::function<float(int64_t)> read) {
  Elements elements(true);
  elements.read_count_ = count;
  elements.read_float_ = std::move(read);
  return elements;
}

Elements Elements::Integers(int64_t count, std::function<int64_t(int64_t)> read) {
  Elements elements(false);
  elements.read_count_ = count;
  elements.read_integer_ = std::move(read);
  return elements;
}

int64_t Elements::size() const {
  if (read_float_ || read_integer_) return read_count_;
  return static_cast<int64_t>(is_float_ ? floats_.size() : integers_.size());
}

Dim Elements::dim(int64_t i) const {
  if (read_integer_) return {read_integer_(i), 0};
  return {integers_[i], per_step_.empty() ? 0 : per_step_[i]};
}

std::vector<float> Elements::Numbers(int64_t begin, int64_t count) const {
  std::vector<float> numbers(count);
  for (int64_t i = 0; i < count; ++i) numbers[i] = number(begin + i);
  return numbers;
}

void Elements::Append(const Dim& dim) {
  if (dim.per_step != 0 && per_step_.empty()) per_step_.resize(integers_.size(), 0);
  integers_.push_back(dim.fixed);
  if (dim.per_step != 0 || !per_step_.empty()) per_step_.push_back(dim.per_step);
}

void Elements::Append(const Elements& other, int64_t begin, int64_t count) {
  for (int64_t i = begin; i < begin + count; ++i) is_float_ ? Append(other.number(i)) : Append(other.dim(i));
}

void Elements::Reserve(int64_t count) { is_float_ ? floats_.reserve(count) : integers_.reserve(count); }

Value ConstantValue(Elements elements, std::vector<int64_t> sizes) {
  Value value;
  value.axes.sizes = std::move(sizes);
  value.elements = std::make_shared<const Elements>(std::move(elements));
  return value;
}

Value ScalarValue(float value) { return ConstantValue(Elements::Floats({value}), {}); }

}  // namespace recurd::format
