#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "hw/emu/placement.h"
#include "server/pipeline/sim/sim_pipeline.h"
#include "tests/unit/pipeline/sequence.h"

namespace recurd {

// What a board is compared with.

inline constexpr emu::LayerShape kGruAfter = {32, 8, hw::LaneCell::kGruAfter};
inline constexpr emu::LayerShape kGruBefore = {32, 8, hw::LaneCell::kGruBefore};
inline constexpr int kSteps = Sequence::kSteps;

// Layers with operators of the processor before and behind them.
inline Model Stack(int input, const std::vector<std::pair<LayerKind, int>>& layers) {
  RandomModelBuilder builder(input);
  builder.AddDense(input);
  for (const auto& [kind, hidden] : layers) builder.AddLayer(kind, hidden);
  builder.AddDense(3);
  builder.AddOutput("y", builder.last());
  return std::move(builder.model());
}
inline Model OneGru(int seed_of_size = 0) { return Stack(6, {{LayerKind::kGruResetAfter, 20 + seed_of_size}}); }

inline uint32_t SimCrc(const std::string& mapping, const Model& model, uint64_t seed = 77) {
  const auto sim = SimPipeline::Make(mapping, false, "").value();
  Sequence first(*sim, model), sequence(first, seed);
  sequence.RunAll([] { return kSteps; });
  return sequence.Crc();
}

}  // namespace recurd
