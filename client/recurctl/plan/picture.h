#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/recurctl/plan/layer_plan.h"
#include "hw/emu/graph_nodes.h"

namespace recurd {

// What a tile of a graph does, from its kernel's source and what feeds it.   Precondition: a kernel of hw/aie/graphs.
hw::TileRole RoleOf(const emu::GraphNodes& graph, const emu::Node& kernel);

// The array with a layer's graph as SVG: the 50 x 8 tiles, those in use coloured by role, PLIOs below, streams and
// cascades as lines, a legend, and a title that says that the times are modelled. Lines show who sends to whom; a
// router lays them otherwise.
// Errors: INVALID_ARGUMENT where no graph is built for a layer's size, naming the nearest; as Placement::make.
absl::StatusOr<std::string> PlanSvg(const std::string& model, const std::vector<const MappingPlan*>& layers);

}  // namespace recurd
