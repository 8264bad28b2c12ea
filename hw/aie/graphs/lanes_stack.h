#ifndef RECURD_HW_AIE_GRAPHS_LANES_STACK_H_
#define RECURD_HW_AIE_GRAPHS_LANES_STACK_H_

#include "hw/aie/graphs/lanes_config.h"
#include "hw/aie/graphs/lanes_places.h"

namespace recurd {
namespace hw {

// How layers of the lanes mapping stand side by side. C++14.
struct LanesSlots {
  LaneLayout layout;
  int gate_tiles;

  // Whether the layer fits above so many rows of gates' tiles.
  constexpr bool fits(int rows) const {
    return rows <= LanesMostRows(layout.pairs()) && rows * (layout.own_inputs() ? 2 : 1) <= kRows;
  }
  constexpr LanesPlaces places(int first_column, int rows) const {
    return LanesPlaces{first_column, LanesWidth(gate_tiles, rows), rows, layout.pairs()};
  }
};

// As few rows as the columns of the PL allow for all layers together; 0: they don't fit.
template <class Slots>
constexpr int LanesRows(const Slots& layers) {
  for (int rows = 1; rows <= kRows; ++rows) {
    int columns = 0;
    bool fits = true;
    for (const LanesSlots& layer : layers) {
      columns += layer.places(0, rows).columns();
      fits = fits && layer.fits(rows);
    }
    if (fits && columns <= kPlColumns) return rows;
  }
  return 0;
}

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_AIE_GRAPHS_LANES_STACK_H_
