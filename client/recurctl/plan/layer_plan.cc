#include "client/recurctl/plan/layer_plan.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
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

MappingPlan PlanLayer(const RecurrentOp& op, const array::MappingEntry& mapping, int weight_sets) {
  const emu::LayerShape layer = array::ShapeOf(op);
  MappingPlan plan{.mapping = &mapping,
                   .shape = {mapping.id, layer.cell, layer.hidden_size, layer.input_size, weight_sets}};
  plan.objection = Objection(mapping, op, plan.shape);
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
      layer.mappings.push_back(PlanLayer(*recurrent, *mapping, weight_sets));
    }
    plan.layers.push_back(std::move(layer));
  }
  plan.best = BestMapping(plan, mappings);
  return plan;
}

std::string OnArray(hw::Mapping mapping) {
  switch (mapping) {
    case hw::kMappingHybrid:
      return "tiles: both matrices, biases, blend, states; PL: order of rows, activations (tables)";
    case hw::kMappingAie:
      return "tiles: everything, activations (tables) too; PL: feeds";
    case hw::kMappingCascade:
      return "tiles: both matrices by columns, biases, blend, states; PL: activations (tables)";
    case hw::kMappingLanes:
      return "tiles: both matrices, biases; PL: activations (tables), blend, states";
    case hw::kMappingLanesExact:
      return "tiles: both matrices, biases, e^x; PL: divisions, blend, states";
  }
  return "";
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
  const std::vector<emu::Placement>& all = emu::BuiltPlacements();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const emu::Placement& built) { return SameGraph(built, shape); });
  return found == all.end() ? nullptr : &*found;
}

std::string HostedBy(const hw::PlannedShape& shape) {
  const auto* host = emu::FindPlacement(shape.mapping, {shape.hidden_size, shape.input_size, shape.cell});
  if (host == nullptr) return absl::StrCat("not in this program; the nearest sizes are ", NearestBuilt(shape));
  const std::string size = absl::StrCat(host->shape.hidden_size, " units with ", host->shape.input_size, " inputs");
  return BuiltFor(shape) != nullptr ? absl::StrCat(size, ", just its size")
                                    : absl::StrCat(size, ", on which the daemon places it");
}

std::string NearestBuilt(const hw::PlannedShape& shape) {
  std::vector<std::pair<double, std::string>> sizes;
  for (const emu::Placement& built : emu::BuiltPlacements()) {
    if (built.mapping != shape.mapping || built.shape.cell != shape.cell) continue;
    const double hidden = std::abs(std::log(static_cast<double>(built.shape.hidden_size) / shape.hidden_size));
    const double input = std::abs(std::log(static_cast<double>(built.shape.input_size) / shape.input_size));
    sizes.emplace_back(hidden + input,
                       absl::StrCat(built.shape.hidden_size, " units with ", built.shape.input_size, " inputs"));
  }
  std::sort(sizes.begin(), sizes.end());
  sizes.resize(std::min(sizes.size(), kNearestShown));
  return absl::StrJoin(sizes, ", ", [](std::string* out, const auto& size) { absl::StrAppend(out, size.second); });
}

}  // namespace recurd
