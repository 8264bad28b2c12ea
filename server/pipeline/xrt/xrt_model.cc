#include "server/pipeline/xrt/xrt_model.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/numeric/activation_form.h"
#include "server/pipeline/array/layer.h"
#include "server/pipeline/measure.h"

namespace recurd::board {
namespace {

// Why the array can't compute the layer; empty if it can.
std::string Objection(const array::MappingEntry& mapping, const emu::Placement& on, const RecurrentOp& op) {
  const std::string reason = mapping.objection(op);
  if (!reason.empty()) return reason;
  const emu::LayerShape shape = array::ShapeOf(op);
  if (on.Hosts(shape)) return "";
  if (on.shape.cell != shape.cell) return "the bitstream was built for another cell, or the other form of reset";
  return absl::StrCat("it has ", shape.hidden_size, " units and ", shape.input_size,
                      " inputs; the bitstream was built for ", on.shape.hidden_size, " units with ",
                      on.shape.input_size, " inputs");
}

// One array for all layers, and a layer waits for the one below it.
Placement Times(const Placement& one_layer, size_t layers) {
  Placement placement = one_layer;
  const auto count = static_cast<double>(layers);
  placement.modelled = {count * one_layer.modelled.first_ns, count * one_layer.modelled.steady_ns,
                        count * one_layer.modelled.switch_ns};
  return placement;
}

}  // namespace

absl::StatusOr<std::unique_ptr<XrtModel>> XrtModel::Make(std::shared_ptr<const Model> model,
                                                         const array::MappingEntry& mapping, const emu::Placement& on,
                                                         const Placement& one_layer, double layer_step_ns,
                                                         int job_steps, uint64_t* last_layer_id,
                                                         const Kernels& kernels) {
  constexpr const char* kWayOut = "; give another --xclbin, or choose --pipeline=cpu or sim";
  const ActivationForm asked = model->activation.value_or(on.activation);
  if (asked != on.activation) {
    return absl::InvalidArgumentError(absl::StrCat("model '", model->name, "' asks for the activation ", NameOf(asked),
                                                   ", the bitstream has ", NameOf(on.activation), kWayOut));
  }
  std::vector<Layer> layers;
  for (const Op& op : model->ops) {
    const auto* layer = std::get_if<RecurrentOp>(&op);
    if (layer == nullptr) continue;
    const std::string objection = Objection(mapping, on, *layer);
    if (!objection.empty()) {
      return absl::InvalidArgumentError(absl::StrCat("model '", model->name, "': layer '", layer->name,
                                                     "' doesn't fit the board: ", objection, kWayOut));
    }
    layers.push_back({++*last_layer_id, emu::PadWeights(array::WeightsOf(*layer), on)});
  }
  const double board_ns = static_cast<double>(layers.size()) * layer_step_ns;
  Placement placement = Times(one_layer, layers.size());
  std::unique_ptr<XrtModel> made(new XrtModel(std::move(model), mapping.ProfileOf(on.activation), std::move(placement),
                                              std::move(layers), on.shape, job_steps, kernels));
  made->step_ns_ = board_ns + made->MeasureProcessorNs();
  return made;
}

XrtModel::XrtModel(std::shared_ptr<const Model> model, std::string profile, Placement placement,
                   std::vector<Layer> layers, const emu::LayerShape& on, int job_steps, const Kernels& kernels)
    : model_(std::move(model)),
      profile_(std::move(profile)),
      placement_(std::move(placement)),
      layers_(std::move(layers)),
      program_(*model_, kernels, [&](const RecurrentOp& op) {
        return std::make_unique<array::TwoPassCell>(array::ShapeOf(op), on, job_steps);
      }) {}

double XrtModel::MeasureProcessorNs() {
  return MeasureStepNs(*model_, [this](const Run& run) {
    for (size_t layer = 0; layer < program_.layer_count(); ++layer) {
      program_.Collect(layer, run);
      program_.layer(layer).states();
    }
    program_.Finish(run);
  });
}

}  // namespace recurd::board
