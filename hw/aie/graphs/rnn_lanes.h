#ifndef RECURD_HW_AIE_GRAPHS_RNN_LANES_H_
#define RECURD_HW_AIE_GRAPHS_RNN_LANES_H_

#include <tuple>
#include <utility>

#include "hw/aie/graphs/lanes_layer.h"
#include "hw/aie/graphs/lanes_stack.h"

namespace recurd {
namespace hw {

// One recurrent layer alone, in the form that Vitis takes: all members are the graph's own.   C++17.
template <class Config>
class RnnLayer : public LanesLayer<Config, adf::graph> {
 public:
  RnnLayer() { this->build(0, kSlots[0].places(kFirstPlColumn, LanesRows(kSlots))); }

 private:
  static constexpr LanesSlots kSlots[1] = {{Config::kLayout, Config::kGateTiles}};
  static_assert(LanesRows(kSlots) > 0, "each eight rows of a gate take one of a column's three output PLIOs");
};

// A stack of recurrent layers, side by side. What a layer yields comes back through the PL, which feeds it to the next.
// C++17.
template <class... Configs>
class RnnLanes : public adf::graph {
 public:
  static constexpr int kLayers = sizeof...(Configs);
  static constexpr int kTiles = (Configs::kTiles + ...);
  static constexpr LanesSlots kSlots[kLayers] = {LanesSlots{Configs::kLayout, Configs::kGateTiles}...};
  static constexpr int kRowsUsed = LanesRows(kSlots);
  static_assert(kRowsUsed > 0, "each eight rows of a gate take one of a column's three output PLIOs");

  struct Within {};
  std::tuple<LanesLayer<Configs, Within>...> layers;

  RnnLanes() { build(std::make_index_sequence<kLayers>()); }

 private:
  template <size_t... layer>
  void build(std::index_sequence<layer...>) {
    int column = kFirstPlColumn;
    (build_layer(layer, std::get<layer>(layers), &column), ...);
  }
  template <class Layer>
  static void build_layer(int number, Layer& layer, int* column) {
    const LanesPlaces places = kSlots[number].places(*column, kRowsUsed);
    layer.build(number, places);
    *column += places.columns();
  }
};

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_AIE_GRAPHS_RNN_LANES_H_
