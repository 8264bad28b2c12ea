#ifndef RECURD_HW_EMU_PLACEMENT_H_
#define RECURD_HW_EMU_PLACEMENT_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "hw/config/lanes.h"
#include "hw/emu/gru_system.h"

namespace recurd {
namespace emu {

// A layer's size and form, as far as the array is built for it.
struct LayerShape {
  int hidden_size = 0;
  int input_size = 0;
  hw::LaneCell cell = hw::LaneCell::kGruAfter;

  // Words of a state row: h, and behind it c of an LSTM, each padded.
  int StateWords() const { return hw::LaneStateWords(cell, hidden_size); }
};

// An array that this program can run: kernels and graphs are compiled for one geometry, as a bitstream is built for
// one. It hosts every layer of its form that isn't larger: rows and columns are filled up with zeros.
struct Placement {
  hw::Mapping mapping;
  hw::ActivationForm activation;
  LayerShape shape;  // input_size in whole vectors
  // Errors: as Array::Elaborate.
  absl::StatusOr<std::unique_ptr<GruSystem>> (*make)(const hw::Timing& timing);
  int weight_sets;

  bool Hosts(const LayerShape& layer) const {
    return layer.cell == shape.cell && layer.hidden_size <= shape.hidden_size && layer.input_size <= shape.input_size;
  }
};

// All that were built (placement_sizes.h), of each mapping the small ones first: tables, and exact of lanes_exact.
const std::vector<Placement>& BuiltPlacements();
// The mapping lanes with all other activations.
const std::vector<Placement>& BuiltVariants();

// The smallest that hosts the layer; null if there is none.
const Placement* FindPlacement(hw::Mapping mapping, const LayerShape& layer);
// Of the mapping lanes, with such an activation.
const Placement* FindVariant(hw::ActivationForm activation, const LayerShape& layer);

// The layer as the placement takes it. Unused units have no weights, so that they stay near zero, and nobody multiplies
// them by anything but zero: what they hold never reaches a real row. Precondition: placement.Hosts(the layer).
GruWeights PadWeights(const GruWeights& layer, const Placement& placement);

// What a graph takes of the device.
struct Resources {
  int tiles = 0;
  int plios = 0;
  int64_t data_bytes = 0;  // of the tiles' memory, as the lint counts it
};
Resources CountResources(const GraphNodes& graph);

}  // namespace emu
}  // namespace recurd

#endif  // RECURD_HW_EMU_PLACEMENT_H_
