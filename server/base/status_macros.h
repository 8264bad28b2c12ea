#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Debian 12's Abseil has no status macros; these are the two that everybody writes.

#define RECURD_CONCAT_INNER(a, b) a##b
#define RECURD_CONCAT(a, b) RECURD_CONCAT_INNER(a, b)

// Returns from the enclosing function if `expr`, an absl::Status, is an error.
#define RECURD_RETURN_IF_ERROR(expr)                                  \
  do {                                                                \
    if (absl::Status status_ = (expr); !status_.ok()) return status_; \
  } while (false)

// RECURD_ASSIGN_OR_RETURN(auto x, F()): assigns F()'s value, or returns F()'s error.
#define RECURD_ASSIGN_OR_RETURN(lhs, expr) RECURD_ASSIGN_OR_RETURN_IMPL(RECURD_CONCAT(status_or_, __LINE__), lhs, expr)
#define RECURD_ASSIGN_OR_RETURN_IMPL(tmp, lhs, expr) \
  auto tmp = (expr);                                 \
  if (!tmp.ok()) return std::move(tmp).status();     \
  lhs = *std::move(tmp)
