#pragma once

#include <string>
#include <vector>

#include "hw/emu/placement.h"
#include "hw/model/occupancy.h"
#include "server/model/model.h"
#include "server/pipeline/array/mapping.h"

namespace recurd {

// A model's recurrent layers on the array, from the closed form and the footprint: everything is modelled, nothing
// measured, and no graph need be built for the size.

// A layer on one mapping.
struct MappingPlan {
  const array::MappingEntry* mapping = nullptr;
  std::string objection;  // why it can't be placed, with number, limit and way out; empty: the rest is filled in
  hw::PlannedShape shape;
  hw::Footprint footprint;
  hw::ClosedForm form;
  hw::Interleaving interleaving;
  hw::Copies copies = {0, ""};

  bool fits() const { return objection.empty(); }
  double first_ns() const { return static_cast<double>(form.first) * hw::kNsPerCycle; }
  double steady_ns() const { return static_cast<double>(form.steady) * hw::kNsPerCycle; }
  double switch_ns() const { return static_cast<double>(form.switch_in) * hw::kNsPerCycle; }
  double interleaved_ns() const { return static_cast<double>(interleaving.period) * hw::kNsPerCycle; }
};

struct LayerPlan {
  const RecurrentOp* op = nullptr;
  std::vector<MappingPlan> mappings;
};

struct ModelPlan {
  std::vector<LayerPlan> layers;
  std::vector<std::string> ps_ops;            // what the processor computes: operator and sizes
  const array::MappingEntry* best = nullptr;  // the shortest sum of steady steps of those that fit all layers; or null
  int weight_sets = 0;
};

// `model` outlives the plan.
ModelPlan PlanModel(const Model& model, const std::vector<const array::MappingEntry*>& mappings, int weight_sets);

// What a mapping computes in tiles, and what in the programmable logic.
std::string OnArray(const hw::PlannedShape& shape);
std::string DescribeLayer(const RecurrentOp& op);

// The array that is built for just this shape; null if there is none.
const emu::Placement* BuiltFor(const hw::PlannedShape& shape);
// How this program's own arrays, which the daemon uses, can hold the layer.
std::string HostedBy(const hw::PlannedShape& shape);
// The nearest sizes that are built, for messages: "32 units with 8 inputs, ...".
std::string NearestBuilt(const hw::PlannedShape& shape);

}  // namespace recurd
