#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/numeric/kernels.h"
#include "server/pipeline/program.h"
#include "server/pipeline/sim/emulated_cell.h"
#include "server/pipeline/sim/placer.h"
#include "server/pipeline/sim/state_slots.h"

namespace recurd::sim {

// A model of the sim pipeline: a program whose cells are a mapping's plain evaluators or, `exact`, emulated arrays.
// Threads: one at a time; an exact one stays with the thread of its first run. Allocates: an exact one in each run.
class SimModel final : public PreparedModel {
 public:
  // Errors: as EmulatedCell::Make.
  static absl::StatusOr<std::unique_ptr<SimModel>> Make(std::shared_ptr<const Model> model, PlacedModel placed,
                                                        bool exact, const Kernels& kernels, const hw::Timing& timing);

  const Model& model() const override { return *model_; }
  double step_ns() const override { return step_ns_; }
  std::string numerics_profile() const override { return placed_.mapping->profile; }
  const Placement* placement() const override { return &placed_.placement; }

  void set_step_ns(double step_ns) { step_ns_ = step_ns; }

  // An exact model runs layer by layer, each over all steps: no layer may depend on what a later one made of the step
  // before, and in an imported model none does.
  // Errors: as EmulatedCell::Run; nothing has been written then.
  absl::Status Execute(const Run& run, StateSlots::Place place);

 private:
  SimModel(std::shared_ptr<const Model> model, PlacedModel placed, const Kernels& kernels, const CellFactory& make_cell)
      : model_(std::move(model)), placed_(std::move(placed)), program_(*model_, kernels, make_cell) {}

  absl::Status RunLayer(size_t layer, const Run& run, StateSlots::Place place);

  const std::shared_ptr<const Model> model_;
  const PlacedModel placed_;
  Program program_;
  std::vector<EmulatedCell*> emulated_;  // the program's cells; none unless exact
  double step_ns_ = 0;
};

}  // namespace recurd::sim
