#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "hw/emu/gru_system.h"
#include "hw/model/lanes_form.h"

namespace recurd::bench {

// A layer of the lanes mapping in the emulator.
struct EmulatedLanes {
  hw::LaneShape shape;
  absl::StatusOr<std::unique_ptr<emu::GruSystem>> (*make)(const hw::Timing& timing);
};

// Reset before the matrix and after it, in both numerics, H = 32; with 128 units `lut` after it.
std::vector<EmulatedLanes> AllEmulatedLanes();

}  // namespace recurd::bench
