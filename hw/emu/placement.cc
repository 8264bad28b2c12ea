#include "hw/emu/placement.h"

#include <algorithm>
#include <utility>

#include "hw/emu/graph_lint.h"
#include "hw/emu/placement_sizes.h"

namespace recurd {
namespace emu {
namespace {

std::vector<Placement> Join() {
  std::vector<Placement> all;
  for (const auto& mapping :
       {&HybridPlacements, &AiePlacements, &CascadePlacements, &LanesPlacements, &LanesExactPlacements}) {
    const std::vector<Placement> sizes = mapping();
    all.insert(all.end(), sizes.begin(), sizes.end());
  }
  return all;
}

// Copies `blocks` blocks of rows x columns to blocks of to_rows x to_columns.
std::vector<float> PadBlocks(const std::vector<float>& from, int blocks, int rows, int columns, int to_rows,
                             int to_columns) {
  std::vector<float> to(static_cast<size_t>(blocks) * to_rows * to_columns);
  for (int row = 0; row < blocks * rows; ++row) {
    const int to_row = row / rows * to_rows + row % rows;
    std::copy_n(&from[static_cast<size_t>(row) * columns], columns, &to[static_cast<size_t>(to_row) * to_columns]);
  }
  return to;
}

}  // namespace

const std::vector<Placement>& BuiltPlacements() {
  static const std::vector<Placement>& all = *new std::vector<Placement>(Join());
  return all;
}

const std::vector<Placement>& BuiltVariants() {
  static const std::vector<Placement>& all = *new std::vector<Placement>(LanesVariantPlacements());
  return all;
}

const Placement* FindPlacement(hw::Mapping mapping, const LayerShape& layer) {
  const std::vector<Placement>& all = BuiltPlacements();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Placement& placement) {
    return placement.mapping == mapping && placement.Hosts(layer);
  });
  return found == all.end() ? nullptr : &*found;
}

const Placement* FindVariant(hw::ActivationForm activation, const LayerShape& layer) {
  if (activation == hw::ActivationForm::kLut) return FindPlacement(hw::kMappingLanes, layer);
  if (activation == hw::ActivationForm::kExact) return FindPlacement(hw::kMappingLanesExact, layer);
  const std::vector<Placement>& all = BuiltVariants();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Placement& placement) {
    return placement.activation == activation && placement.Hosts(layer);
  });
  return found == all.end() ? nullptr : &*found;
}

GruWeights PadWeights(const GruWeights& layer, const Placement& placement) {
  const int h = layer.hidden_size, i = layer.input_size, gates = hw::LaneGates(placement.shape.cell);
  GruWeights padded;
  const int to_h = padded.hidden_size = placement.shape.hidden_size;
  const int to_i = padded.input_size = placement.shape.input_size;
  padded.input = PadBlocks(layer.input, gates, h, i, to_h, to_i);
  padded.recurrent = PadBlocks(layer.recurrent, gates, h, h, to_h, to_h);
  padded.bias = PadBlocks(layer.bias, gates, h, 1, to_h, 1);
  padded.recurrent_bias = layer.recurrent_bias;
  padded.recurrent_bias.resize(to_h);
  return padded;
}

Resources CountResources(const GraphNodes& graph) {
  Resources resources;
  for (const auto& node : graph.nodes) {
    resources.plios += node->kind == Node::Kind::kPlioIn || node->kind == Node::Kind::kPlioOut;
    if (node->kind != Node::Kind::kKernel) continue;
    ++resources.tiles;
    resources.data_bytes += DataBytes(*node);
  }
  return resources;
}

}  // namespace emu
}  // namespace recurd
