#pragma once

#include <type_traits>
#include <variant>

#include "server/model/model.h"

namespace recurd::format {

inline Span& OutOf(Op& op) {
  return std::visit([](auto& o) -> Span& { return o.out; }, op);
}

// Calls visit(Span&) for each span that the op reads.
template <typename Visit>
void VisitReads(Op& op, Visit visit) {
  std::visit(
      [&](auto& o) {
        using T = std::decay_t<decltype(o)>;
        if constexpr (std::is_same_v<T, BinaryOp>) {
          visit(o.a);
          visit(o.b);
        } else if constexpr (!std::is_same_v<T, StateReadOp>) {
          visit(o.in);
        }
      },
      op);
}

// Where the op's state begins, if it has or reads one; else null.
inline int* StateOffsetOf(Op& op) {
  return std::visit(
      [](auto& o) -> int* {
        if constexpr (requires { o.state_offset; }) {
          return &o.state_offset;
        } else {
          return nullptr;
        }
      },
      op);
}

// True for an op that has a state; one that reads another's hasn't.
inline bool HasState(const Op& op) {
  return std::holds_alternative<RecurrentOp>(op) || std::holds_alternative<AccumulateOp>(op);
}

}  // namespace recurd::format
