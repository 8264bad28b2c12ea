#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace recurd {

// A tensor of the graph as import understood it.
struct TracedTensor {
  enum class Role { kConstant, kEachStep, kLastStep, kState };
  Role role = Role::kConstant;
  std::vector<int64_t> sizes;  // -1 at the time axis
  int64_t count = 0;           // elements of one step
  bool is_float = true;
};

// What import learned of a graph, as far as it came; for reports. Names are the file's.
struct ImportTrace {
  std::unordered_map<std::string, TracedTensor> tensors;
  std::optional<size_t> refused_node;  // in the graph's order; none: all were understood, or it never came to the nodes
};

namespace format {

class Lowering;
// What has been learned so far.
ImportTrace TraceOf(const Lowering& lowering, std::optional<size_t> refused_node);

}  // namespace format
}  // namespace recurd
