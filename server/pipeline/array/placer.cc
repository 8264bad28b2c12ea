#include "server/pipeline/array/placer.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "hw/emu/step_times.h"
#include "server/base/status_macros.h"
#include "server/numeric/activation_form.h"
#include "server/numeric/narrow.h"
#include "server/pipeline/array/layer.h"

namespace recurd::array {
namespace {

// Enough for the period to settle and for clocks' beats to even out.
constexpr int kEmulatedSteps = 40;

const char* NameOf(hw::LaneCell cell) {
  switch (cell) {
    case hw::LaneCell::kGruBefore:
      return "GRU with the reset before the matrix";
    case hw::LaneCell::kGruAfter:
      return "GRU with the reset after the matrix";
    case hw::LaneCell::kLstm:
      return "LSTM";
  }
  return "";
}

// The sizes that a mapping was built for with such a cell.
std::string BuiltSizes(const MappingEntry& mapping, ActivationForm form, hw::LaneCell cell) {
  std::vector<std::string> sizes;
  for (const auto* list : {&emu::BuiltPlacements(), &emu::BuiltVariants()}) {
    for (const emu::Placement& array : *list) {
      if (array.shape.cell != cell || mapping.FindArray(form, array.shape) != &array) continue;
      sizes.push_back(absl::StrCat(array.shape.hidden_size, " units with ", array.shape.input_size, " inputs"));
    }
  }
  return absl::StrJoin(sizes, ", ");
}

absl::StatusOr<const emu::Placement*> PlaceLayer(const MappingEntry& mapping, ActivationForm form,
                                                 const RecurrentOp& op) {
  std::string reason = mapping.objection(op);
  if (reason.empty()) {
    const emu::LayerShape shape = ShapeOf(op);
    if (const emu::Placement* found = mapping.FindArray(form, shape)) return found;
    reason = absl::StrCat("it has ", shape.hidden_size, " units and ", shape.input_size, " inputs; arrays for a ",
                          NameOf(shape.cell), " with the activation ", recurd::NameOf(form), " were built for at most ",
                          BuiltSizes(mapping, form, shape.cell));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("layer '", op.name, "' doesn't fit --mapping=", mapping.name, ": ", reason));
}

void AddTo(const Placement& layer, Placement* sum) {
  sum->tile_count += layer.tile_count;
  sum->plio_count += layer.plio_count;
  sum->memory_bytes += layer.memory_bytes;
  sum->modelled.first_ns += layer.modelled.first_ns;
  sum->modelled.steady_ns += layer.modelled.steady_ns;
  sum->modelled.switch_ns += layer.modelled.switch_ns;
}

}  // namespace

absl::StatusOr<PlacedModel> Placer::Place(const Model& model, const std::vector<const MappingEntry*>& mappings) {
  RECURD_RETURN_IF_ERROR(CheckForArray(model));
  std::vector<PlacedModel> placed;
  std::vector<std::string> reasons;
  for (const MappingEntry* mapping : mappings) {
    auto candidate = PlaceOn(*mapping, model);
    if (candidate.ok()) {
      placed.push_back(*std::move(candidate));
    } else if (absl::IsInvalidArgument(candidate.status())) {
      reasons.emplace_back(candidate.status().message());
    } else {
      return candidate.status();
    }
  }
  if (placed.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("model '", model.name, "': ", absl::StrJoin(reasons, "; "),
                                                   "; choose another --mapping, or --pipeline=cpu"));
  }
  return *std::min_element(placed.begin(), placed.end(), [](const PlacedModel& a, const PlacedModel& b) {
    return a.placement.modelled.steady_ns < b.placement.modelled.steady_ns;
  });
}

absl::StatusOr<PlacedModel> Placer::PlaceOn(const MappingEntry& mapping, const Model& model) {
  RECURD_ASSIGN_OR_RETURN(const ActivationForm form, mapping.Choose(model.activation));
  PlacedModel placed{.mapping = &mapping, .activation = form, .placement = {.mapping = mapping.name}};
  for (const Op& op : model.ops) {
    const auto* layer = std::get_if<RecurrentOp>(&op);
    if (layer == nullptr) continue;
    RECURD_ASSIGN_OR_RETURN(const emu::Placement* array, PlaceLayer(mapping, form, *layer));
    RECURD_ASSIGN_OR_RETURN(const Placement emulated, Emulated(*array));
    placed.layers.push_back(array);
    AddTo(emulated, &placed.placement);
  }
  return placed;
}

absl::StatusOr<Placement> Placer::Emulated(const emu::Placement& array) {
  if (const auto known = emulated_.find(&array); known != emulated_.end()) return known->second;
  RECURD_ASSIGN_OR_RETURN(Placement emulated, Emulate(array, timing_));
  return emulated_[&array] = std::move(emulated);
}

absl::StatusOr<Placement> Emulate(const emu::Placement& array, const hw::Timing& timing) {
  RECURD_ASSIGN_OR_RETURN(const emu::StepTimes cycles, emu::RunStepTimes(array.make, timing, ZeroWeights(array.shape),
                                                                         array.shape.StateWords(), kEmulatedSteps));
  RECURD_ASSIGN_OR_RETURN(const auto system, array.make(timing));
  const emu::Resources resources = emu::CountResources(system->nodes());
  return Placement{.tile_count = resources.tiles,
                   .plio_count = resources.plios,
                   .memory_bytes = resources.data_bytes,
                   .modelled = {.first_ns = static_cast<double>(cycles.first) * hw::kNsPerCycle,
                                .steady_ns = cycles.steady * hw::kNsPerCycle,
                                .switch_ns = static_cast<double>(cycles.switch_in) * hw::kNsPerCycle}};
}

absl::Status CheckForArray(const Model& model) {
  constexpr const char* kWayOut = ": serve it with --pipeline=cpu";
  if (!model.streams()) {
    return absl::InvalidArgumentError(absl::StrCat("model '", model.name, "': ", model.whole_sequence_reason,
                                                   "; the array only runs forward", kWayOut));
  }
  if (model.weights != WeightStorage::kFp32) {
    return absl::InvalidArgumentError(absl::StrCat("model '", model.name, "' asks for weights ", NameOf(model.weights),
                                                   "; the array's are fp32", kWayOut));
  }
  return absl::OkStatus();
}

emu::GruWeights ZeroWeights(const emu::LayerShape& shape) {
  const size_t rows = static_cast<size_t>(hw::LaneGates(shape.cell)) * shape.hidden_size;
  return {.hidden_size = shape.hidden_size,
          .input_size = shape.input_size,
          .input = std::vector<float>(rows * shape.input_size),
          .recurrent = std::vector<float>(rows * shape.hidden_size),
          .bias = std::vector<float>(rows),
          .recurrent_bias = std::vector<float>(shape.hidden_size)};
}

}  // namespace recurd::array
