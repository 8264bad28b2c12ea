#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace recurd {

// Where a server listens: HOST:PORT, [V6]:PORT or unix:PATH.
struct ListenAddress {
  // Errors: INVALID_ARGUMENT naming the text and the forms.
  static absl::StatusOr<ListenAddress> Parse(const std::string& text);

  bool IsUnix() const { return !unix_path.empty(); }
  // Whether only this machine can connect: unix:PATH, 127.0.0.0/8, ::1, localhost. Any other name isn't trusted to stay
  // here, whatever it resolves to now.
  bool IsLocal() const;

  std::string host;  // without brackets; empty for unix:PATH
  uint16_t port = 0;
  std::string unix_path;
};

}  // namespace recurd
