#include "server/pipeline/sim/sim_model.h"

#include <variant>

#include "server/base/status_macros.h"
#include "server/numeric/denormals.h"
#include "server/pipeline/sim/layer.h"

namespace recurd::sim {
namespace {

using EmulatedCells = std::vector<std::unique_ptr<EmulatedCell>>;

absl::StatusOr<EmulatedCells> MakeEmulatedCells(const Model& model, const PlacedModel& placed,
                                                const hw::Timing& timing) {
  EmulatedCells cells;
  for (const Op& op : model.ops) {
    const auto* layer = std::get_if<RecurrentOp>(&op);
    if (layer == nullptr) continue;
    const emu::Placement& array = *placed.layers[cells.size()];
    RECURD_ASSIGN_OR_RETURN(auto cell, EmulatedCell::Make(array, WeightsOf(*layer), timing));
    cells.push_back(std::move(cell));
  }
  return cells;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SimModel>> SimModel::Make(std::shared_ptr<const Model> model, PlacedModel placed,
                                                         bool exact, const Kernels& kernels, const hw::Timing& timing) {
  const MappingEntry& mapping = *placed.mapping;
  if (!exact) {
    return std::unique_ptr<SimModel>(
        new SimModel(std::move(model), std::move(placed), kernels,
                     [&](const RecurrentOp& op) { return mapping.make_cell(op, kernels); }));
  }
  RECURD_ASSIGN_OR_RETURN(EmulatedCells cells, MakeEmulatedCells(*model, placed, timing));
  std::vector<EmulatedCell*> emulated;
  for (const auto& cell : cells) emulated.push_back(cell.get());
  size_t next = 0;
  std::unique_ptr<SimModel> made(new SimModel(std::move(model), std::move(placed), kernels,
                                              [&](const RecurrentOp&) { return std::move(cells[next++]); }));
  made->emulated_ = std::move(emulated);
  return made;
}

absl::Status SimModel::Execute(const Run& run, StateSlots::Place place) {
  for (size_t layer = 0; layer < emulated_.size(); ++layer) RECURD_RETURN_IF_ERROR(RunLayer(layer, run, place));
  for (EmulatedCell* cell : emulated_) cell->Replay();
  program_.Execute(run);
  return absl::OkStatus();
}

absl::Status SimModel::RunLayer(size_t layer, const Run& run, StateSlots::Place place) {
  const ScopedFlushToZero flush;
  program_.LoadState(run.state);
  for (size_t below = 0; below < layer; ++below) emulated_[below]->Replay();
  emulated_[layer]->Collect();
  for (int step = 0; step < run.steps; ++step) {
    program_.StepThrough(layer, run.inputs + static_cast<ptrdiff_t>(step) * model_->input_size);
  }
  return emulated_[layer]->Run(place.slot, place.hit);
}

}  // namespace recurd::sim
