#include "client/recurctl/plan/layer_plan.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/numeric/activation_form.h"
#include "server/pipeline/array/layer.h"

namespace recurd {
namespace {

constexpr int kLargestPlanned = 65536;  // the footprint's arithmetic; no mapping comes near
constexpr size_t kNearestShown = 3;

std::string Objection(const array::MappingEntry& mapping, const RecurrentOp& op, const hw::PlannedShape& shape) {
  if (std::string reason = mapping.objection(op); !reason.empty()) {
    return absl::StrCat(reason, "; use another mapping or --pipeline=cpu");
  }
  const int largest = std::max(op.out.size, op.in.size);
  if (largest > kLargestPlanned) {
    return absl::StrCat("it has ", op.out.size, " units and ", op.in.size, " inputs, but the limit is ",
                        kLargestPlanned, "; use --pipeline=cpu");
  }
  return hw::FootprintLimit(shape);
}

MappingPlan PlanLayer(const RecurrentOp& op, const array::MappingEntry& mapping, int weight_sets,
                      std::optional<ActivationForm> asked) {
  const emu::LayerShape layer = array::ShapeOf(op);
  MappingPlan plan{.mapping = &mapping,
                   .shape = {mapping.id, layer.cell, layer.hidden_size, layer.input_size, weight_sets}};
  const absl::StatusOr<ActivationForm> activation = mapping.Choose(asked);
  if (activation.ok()) plan.shape.activation = *activation;
  plan.objection = activation.ok() ? Objection(mapping, op, plan.shape) : std::string(activation.status().message());
  if (!plan.fits()) return plan;
  const hw::Timing timing;
  plan.footprint = hw::ComputeFootprint(plan.shape);
  plan.form = hw::FormOf(plan.shape, timing);
  plan.interleaving = hw::PlanInterleaving(plan.shape, timing);
  plan.copies = hw::CountCopies(plan.footprint);
  return plan;
}

const array::MappingEntry* BestMapping(const ModelPlan& plan, const std::vector<const array::MappingEntry*>& mappings) {
  const array::MappingEntry* best = nullptr;
  double best_ns = 0;
  for (size_t i = 0; i < mappings.size() && !plan.layers.empty(); ++i) {
    double ns = 0;
    bool fits = true;
    for (const LayerPlan& layer : plan.layers) {
      ns += layer.mappings[i].steady_ns();
      fits = fits && layer.mappings[i].fits();
    }
    if (!fits || (best != nullptr && ns >= best_ns)) continue;
    best = mappings[i];
    best_ns = ns;
  }
  return best;
}

struct PsOpName {
  std::string operator()(const DenseOp& op) const { return absl::StrCat("dense ", op.in.size, " -> ", op.out.size); }
  std::string operator()(const BinaryOp& op) const { return absl::StrCat("elementwise of two, ", op.out.size); }
  std::string operator()(const UnaryOp& op) const { return absl::StrCat("function of ", op.out.size); }
  std::string operator()(const ReduceOp& op) const { return absl::StrCat("reduce ", op.in.size, " -> ", op.out.size); }
  std::string operator()(const RepeatOp& op) const { return absl::StrCat("repeat ", op.in.size, " -> ", op.out.size); }
  std::string operator()(const CopyOp& op) const { return absl::StrCat("copy ", op.out.size); }
  std::string operator()(const RecurrentOp&) const { return ""; }
  std::string operator()(const StateReadOp& op) const { return absl::StrCat("state read ", op.out.size); }
  std::string operator()(const AccumulateOp& op) const { return absl::StrCat("accumulate ", op.out.size); }
};

bool SameGraph(const emu::Placement& built, const hw::PlannedShape& shape) {
  return built.mapping == shape.mapping && built.shape.cell == shape.cell &&
         built.shape.hidden_size == hw::PlannedUnits(shape.mapping, shape.hidden_size) &&
         built.shape.input_size == hw::PaddedWords(shape.input_size);
}

// The smallest array of this program that holds the layer; null if there is none.
const emu::Placement* HostOf(const hw::PlannedShape& shape) {
  const emu::LayerShape layer = {shape.hidden_size, shape.input_size, shape.cell};
  return shape.mapping == hw::kMappingLanes ? emu::FindVariant(hw::NumericsOf(shape), layer)
                                            : emu::FindPlacement(shape.mapping, layer);
}

bool OfItsKind(const emu::Placement& built, const hw::PlannedShape& shape) {
  return built.mapping == shape.mapping && built.shape.cell == shape.cell &&
         (shape.mapping != hw::kMappingLanes || built.activation == hw::NumericsOf(shape));
}

}  // namespace

ModelPlan PlanModel(const Model& model, const std::vector<const array::MappingEntry*>& mappings, int weight_sets) {
  ModelPlan plan;
  plan.weight_sets = weight_sets;
  for (const Op& op : model.ops) {
    const auto* recurrent = std::get_if<RecurrentOp>(&op);
    if (recurrent == nullptr) {
      plan.ps_ops.push_back(std::visit(PsOpName(), op));
      continue;
    }
    LayerPlan layer{.op = recurrent};
    for (const array::MappingEntry* mapping : mappings) {
      layer.mappings.push_back(PlanLayer(*recurrent, *mapping, weight_sets, model.activation));
    }
    plan.layers.push_back(std::move(layer));
  }
  plan.best = BestMapping(plan, mappings);
  return plan;
}

std::string OnArray(const hw::PlannedShape& shape) {
  const ActivationForm form = hw::NumericsOf(shape);
  switch (shape.mapping) {
    case hw::kMappingHybrid:
      return "tiles: both matrices, biases, blend, states; PL: order of rows, activations (tables)";
    case hw::kMappingAie:
      return "tiles: everything, activations (tables) too; PL: feeds";
    case hw::kMappingCascade:
      return "tiles: both matrices by columns, biases, blend, states; PL: activations (tables)";
    case hw::kMappingLanes:
      if (form == ActivationForm::kExact) break;
      return absl::StrCat("tiles: both matrices, biases; PL: activations (",
                          form == ActivationForm::kLut ? "tables" : NameOf(form), "), blend, states");
    case hw::kMappingLanesExact:
      break;
  }
  return "tiles: both matrices, biases, e^x; PL: divisions, blend, states";
}

std::string DescribeLayer(const RecurrentOp& op) {
  const char* cell = op.cell == CellKind::kLstm  ? "LSTM"
                     : op.cell == CellKind::kRnn ? "RNN"
                     : op.linear_before_reset    ? "GRU with the reset after the matrix"
                                                 : "GRU with the reset before the matrix";
  return absl::StrCat(cell, ", ", op.out.size, " units, ", op.in.size, " inputs");
}

const emu::Placement* BuiltFor(const hw::PlannedShape& shape) {
  if (shape.weight_sets != 2) return nullptr;  // what all arrays are built with
  const emu::Placement* host = HostOf(shape);
  return host != nullptr && SameGraph(*host, shape) ? host : nullptr;
}

std::string HostedBy(const hw::PlannedShape& shape) {
  const emu::Placement* host = HostOf(shape);
  if (host == nullptr) return absl::StrCat("not in this program; the nearest sizes are ", NearestBuilt(shape));
  const std::string size = absl::StrCat(host->shape.hidden_size, " units with ", host->shape.input_size, " inputs");
  return BuiltFor(shape) != nullptr ? absl::StrCat(size, ", just its size")
                                    : absl::StrCat(size, ", on which the daemon places it");
}

std::string NearestBuilt(const hw::PlannedShape& shape) {
  std::vector<std::pair<double, std::string>> sizes;
  for (const auto* all : {&emu::BuiltPlacements(), &emu::BuiltVariants()}) {
    for (const emu::Placement& built : *all) {
      if (!OfItsKind(built, shape)) continue;
      const double hidden = std::abs(std::log(static_cast<double>(built.shape.hidden_size) / shape.hidden_size));
      const double input = std::abs(std::log(static_cast<double>(built.shape.input_size) / shape.input_size));
      sizes.emplace_back(hidden + input,
                         absl::StrCat(built.shape.hidden_size, " units with ", built.shape.input_size, " inputs"));
    }
  }
  std::sort(sizes.begin(), sizes.end());
  sizes.resize(std::min(sizes.size(), kNearestShown));
  return absl::StrJoin(sizes, ", ", [](std::string* out, const auto& size) { absl::StrAppend(out, size.second); });
}

}  // namespace recurd
