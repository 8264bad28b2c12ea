#pragma once

#include <cstddef>
#include <memory>

#include "absl/status/statusor.h"
#include "hw/emu/commands.h"
#include "hw/emu/placement.h"
#include "server/pipeline/array/two_pass_cell.h"

namespace recurd::sim {

// An emulated array that has one layer's weights in all of its sets.
// Threads: the array's fibers stay with the thread of the first Run.
class EmulatedLayer {
 public:
  // Errors: INTERNAL if the placement's graph isn't whole.
  static absl::StatusOr<std::unique_ptr<EmulatedLayer>> Make(const emu::Placement& placement,
                                                             const emu::GruWeights& layer, const hw::Timing& timing);

  // Computes the cell's states from its rows and the state in the slot: after a hit the one it holds, else the cell's.
  // Errors: INTERNAL if the array stands still.
  absl::Status Run(array::TwoPassCell& cell, int slot, bool hit);

 private:
  EmulatedLayer(const emu::LayerShape& shape, std::unique_ptr<emu::GruSystem> system)
      : shape_(shape), system_(std::move(system)) {}

  const emu::LayerShape shape_;
  const std::unique_ptr<emu::GruSystem> system_;
  emu::CommandWriter writer_;
};

}  // namespace recurd::sim
