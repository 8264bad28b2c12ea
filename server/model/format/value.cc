#include "server/model/format/value.h"

#include <utility>

namespace recurd::format {

void Elements::Append(const Dim& dim) {
  if (dim.per_step != 0 && per_step.empty()) per_step.resize(integers.size(), 0);
  integers.push_back(dim.fixed);
  if (dim.per_step != 0 || !per_step.empty()) per_step.push_back(dim.per_step);
}

absl::Status Elements::Append(const Elements& other) {
  if (other.is_float != is_float) return absl::InvalidArgumentError("it joins floats and integers");
  floats.insert(floats.end(), other.floats.begin(), other.floats.end());
  for (int64_t i = 0; !is_float && i < other.size(); ++i) Append(other.dim(i));
  return absl::OkStatus();
}

Value ConstantValue(Elements elements, std::vector<int64_t> sizes) {
  Value value;
  value.axes.sizes = std::move(sizes);
  value.elements = std::make_shared<const Elements>(std::move(elements));
  return value;
}

Value ScalarValue(float value) { return ConstantValue({.floats = {value}}, {}); }

}  // namespace recurd::format
