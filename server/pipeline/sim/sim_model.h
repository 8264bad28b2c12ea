#pragma once

#include <memory>
#include <string>
#include <utility>

#include "server/numeric/kernels.h"
#include "server/pipeline/array/placer.h"
#include "server/pipeline/array/residents.h"
#include "server/pipeline/pipeline.h"

namespace recurd::sim {

// A model of the sim pipeline: a program whose layers are computed by a mapping's plain evaluators or, `exact`, by
// emulated arrays.
// Threads: one at a time; an exact one stays with the thread of its first run. Allocates: an exact one in each run.
class SimModel : public PreparedModel {
 public:
  // Errors: as EmulatedLayer::Make.
  static absl::StatusOr<std::unique_ptr<SimModel>> Make(std::shared_ptr<const Model> model, array::PlacedModel placed,
                                                        bool exact, const Kernels& kernels, const hw::Timing& timing);

  const Model& model() const override { return *model_; }
  double step_ns() const override { return step_ns_; }
  Accuracy accuracy() const override { return accuracy_; }
  std::string numerics_profile() const override { return placed_.mapping->ProfileOf(placed_.activation); }
  const Placement* placement() const override { return &placed_.placement; }

  void set_measured(double step_ns, const Accuracy& accuracy) {
    step_ns_ = step_ns;
    accuracy_ = accuracy;
  }

  // Errors: as EmulatedLayer::Run; nothing has been written then.
  virtual absl::Status Execute(const Run& run, array::Residents::Place slot) = 0;

 protected:
  SimModel(std::shared_ptr<const Model> model, array::PlacedModel placed)
      : model_(std::move(model)), placed_(std::move(placed)) {}

 private:
  const std::shared_ptr<const Model> model_;
  const array::PlacedModel placed_;
  double step_ns_ = 0;
  Accuracy accuracy_;
};

}  // namespace recurd::sim
