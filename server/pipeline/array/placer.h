#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "hw/config/timing.h"
#include "hw/emu/placement.h"
#include "server/pipeline/array/mapping.h"
#include "server/pipeline/pipeline.h"

namespace recurd::array {

// Where a model's recurrent layers run: all on one mapping, each on an array of its own.
struct PlacedModel {
  const MappingEntry* mapping = nullptr;
  ActivationForm activation = ActivationForm::kLut;
  std::vector<const emu::Placement*> layers;  // in the order of the model's operators
  Placement placement;
};

// What one array takes, and how long its steps do: modelled, by emulating them. `mapping` is left empty.
// Errors: as Placement::make and RunStepTimes.
absl::StatusOr<Placement> Emulate(const emu::Placement& array, const hw::Timing& timing);

// Errors: INVALID_ARGUMENT if the model needs its whole sequence at once, or weights that no array has, with the way
// out.
absl::Status CheckForArray(const Model& model);

// Weights of nothing.
emu::GruWeights ZeroWeights(const emu::LayerShape& shape);

// Finds the smallest array of a mapping for each layer, and emulates each array once for its modelled times.
// Threads: one at a time.
class Placer {
 public:
  explicit Placer(const hw::Timing& timing) : timing_(timing) {}

  // The mapping with the shortest modelled step among those given that have the model's activation.
  // Errors: INVALID_ARGUMENT naming the first layer that doesn't fit each of them, the reason and the way out.
  absl::StatusOr<PlacedModel> Place(const Model& model, const std::vector<const MappingEntry*>& mappings);

 private:
  absl::StatusOr<PlacedModel> PlaceOn(const MappingEntry& mapping, const Model& model);
  absl::StatusOr<Placement> Emulated(const emu::Placement& array);

  const hw::Timing timing_;
  std::map<const emu::Placement*, Placement> emulated_;
};

}  // namespace recurd::array
