#include "server/pipeline/sim/sim_model.h"

#include <variant>
#include <vector>

#include "server/base/status_macros.h"
#include "server/pipeline/array/layer.h"
#include "server/pipeline/array/two_pass_program.h"
#include "server/pipeline/program.h"
#include "server/pipeline/sim/emulated_layer.h"

namespace recurd::sim {
namespace {

using array::PlacedModel;
using EmulatedLayers = std::vector<std::unique_ptr<EmulatedLayer>>;

class PlainModel final : public SimModel {
 public:
  PlainModel(const std::shared_ptr<const Model>& model, const PlacedModel& placed, const Kernels& kernels)
      : SimModel(model, placed), program_(*model, kernels, [&](const RecurrentOp& op) {
          return placed.mapping->make_cell(op, placed.activation, kernels);
        }) {}

  absl::Status Execute(const Run& run, array::Residents::Place) override {
    program_.Execute(run);
    return absl::OkStatus();
  }

 private:
  Program program_;
};

class EmulatedModel final : public SimModel {
 public:
  EmulatedModel(const std::shared_ptr<const Model>& model, const PlacedModel& placed, const Kernels& kernels,
                EmulatedLayers layers)
      : SimModel(model, placed), layers_(std::move(layers)), program_(*model, kernels, CellsOn(placed)) {}

  absl::Status Execute(const Run& run, array::Residents::Place slot) override {
    for (size_t layer = 0; layer < layers_.size(); ++layer) {
      program_.Collect(layer, run);
      RECURD_RETURN_IF_ERROR(layers_[layer]->Run(program_.layer(layer), slot.index, slot.hit));
    }
    program_.Finish(run);
    return absl::OkStatus();
  }

 private:
  static array::TwoPassProgram::MakeCell CellsOn(const PlacedModel& placed) {
    return [&placed, next = size_t{0}](const RecurrentOp& op) mutable {
      return std::make_unique<array::TwoPassCell>(array::ShapeOf(op), placed.layers[next++]->shape, 0);
    };
  }

  const EmulatedLayers layers_;
  array::TwoPassProgram program_;
};

absl::StatusOr<EmulatedLayers> MakeLayers(const Model& model, const PlacedModel& placed, const hw::Timing& timing) {
  EmulatedLayers layers;
  for (const Op& op : model.ops) {
    const auto* layer = std::get_if<RecurrentOp>(&op);
    if (layer == nullptr) continue;
    const emu::Placement& on = *placed.layers[layers.size()];
    RECURD_ASSIGN_OR_RETURN(auto made, EmulatedLayer::Make(on, array::WeightsOf(*layer), timing));
    layers.push_back(std::move(made));
  }
  return layers;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SimModel>> SimModel::Make(std::shared_ptr<const Model> model, PlacedModel placed,
                                                         bool exact, const Kernels& kernels, const hw::Timing& timing) {
  if (!exact) return std::make_unique<PlainModel>(model, placed, kernels);
  RECURD_ASSIGN_OR_RETURN(EmulatedLayers layers, MakeLayers(*model, placed, timing));
  return std::make_unique<EmulatedModel>(model, placed, kernels, std::move(layers));
}

}  // namespace recurd::sim
