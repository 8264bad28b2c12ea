#pragma once

#include <string>
#include <vector>

#include "client/recurctl/plan/layer_plan.h"

namespace recurd {

// A plan as text, and as one JSON object; times in nanoseconds. Both say that they are modelled.
std::string PlanText(const Model& model, const ModelPlan& plan);
std::string PlanJson(const Model& model, const ModelPlan& plan);

// For each mapping a table of steady steps in nanoseconds over units and inputs, for one kind of cell; "-" where it
// doesn't fit.
std::string SweepText(const std::vector<const array::MappingEntry*>& mappings, hw::LaneCell cell, int weight_sets);
std::string SweepJson(const std::vector<const array::MappingEntry*>& mappings, hw::LaneCell cell, int weight_sets);

}  // namespace recurd
