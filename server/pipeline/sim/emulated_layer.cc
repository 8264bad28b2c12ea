#include "server/pipeline/sim/emulated_layer.h"

#include <algorithm>
#include <bit>
#include <utility>
#include <vector>

#include "server/base/status_macros.h"

namespace recurd::sim {

absl::StatusOr<std::unique_ptr<EmulatedLayer>> EmulatedLayer::Make(const emu::Placement& placement,
                                                                   const emu::GruWeights& layer,
                                                                   const hw::Timing& timing) {
  RECURD_ASSIGN_OR_RETURN(auto system, placement.make(timing));
  system->SetWeights(std::vector<emu::GruWeights>(placement.weight_sets, emu::PadWeights(layer, placement)));
  return std::unique_ptr<EmulatedLayer>(new EmulatedLayer(placement.shape, std::move(system)));
}

absl::Status EmulatedLayer::Run(array::TwoPassCell& cell, int slot, bool hit) {
  const auto array_slot = static_cast<uint32_t>(slot);
  const int steps = cell.steps(), state_words = shape_.StateWords();
  if (!hit) writer_.Switch(array_slot, 0, cell.state(), state_words);
  writer_.Run(array_slot, 0, 1, cell.rows().data(), steps, shape_.input_size);
  system_->Forget();
  system_->Give(writer_.Take());
  const auto words = static_cast<size_t>(steps) * state_words;
  const size_t before = hw::kBeatWords + (hit ? 0 : hw::kBeatWords + static_cast<size_t>(state_words));
  RECURD_RETURN_IF_ERROR(system_->RunUntil(before + words));
  const std::vector<uint32_t>& results = system_->results();
  std::transform(results.begin() + static_cast<ptrdiff_t>(before),
                 results.begin() + static_cast<ptrdiff_t>(before + words), cell.states(),
                 [](uint32_t word) { return std::bit_cast<float>(word); });
  return absl::OkStatus();
}

}  // namespace recurd::sim
