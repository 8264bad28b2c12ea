#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "hw/emu/placement.h"
#include "server/pipeline/xrt/device.h"

namespace recurd::board {

// Which design the PL says that it is.
struct Identity {
  const emu::Placement* placement = nullptr;
  int weight_sets = 0;
  uint32_t build_id = 0;

  bool operator==(const Identity&) const = default;
};

// "hybrid 32x8 gru_before, 2 weight sets, build 0x7", for people.
std::string Describe(const Identity& identity);

// Reads MAGIC, ABI, GEOMETRY, NUMERICS and BUILD_ID.
// Errors: FAILED_PRECONDITION naming what the register says, what this program knows, and the way out; UNAVAILABLE
// where a register can't be read.
absl::StatusOr<Identity> Identify(Device& device);

}  // namespace recurd::board
