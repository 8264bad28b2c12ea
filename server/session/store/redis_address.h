#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace recurd {

// Where a Redis server is: redis://HOST:PORT or redis://HOST:PORT/DATABASE, with an IPv6 address in brackets.
struct RedisAddress {
  static constexpr int kMaxDatabase = 1023;

  // Errors: INVALID_ARGUMENT naming the text, what is wrong and the form. A password in it is refused unshown: command
  // lines are there for everybody to read.
  static absl::StatusOr<RedisAddress> Parse(const std::string& text);

  std::string ToString() const;

  std::string host;  // without brackets
  uint16_t port = 0;
  int database = 0;
};

}  // namespace recurd
