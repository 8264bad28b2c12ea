#ifndef RECURD_HW_AIE_GRAPHS_LANES_PLACES_H_
#define RECURD_HW_AIE_GRAPHS_LANES_PLACES_H_

#include "hw/config/contract.h"
#include "hw/config/geometry.h"

namespace recurd {
namespace hw {

// Where a layer of the lanes mapping stands: gates' tiles in the lower rows, in the order in which the PL needs what
// they send, from the middle outwards, so that the way of a later one costs nothing; each above its own output PLIO.
// Tiles for W alone stand above all those. The input PLIOs stand in the middle. Where something is split, a slot is two
// columns wide, and heads stand where a cascade comes from.   C++14.
struct LanesPlaces {
  int first_column, width, rows;  // width in slots
  bool pairs;

  constexpr Place gate(int index) const { return last(index % width, index / width); }
  constexpr Place head(int index) const { return first(index % width, index / width); }
  constexpr Place inputs(int index) const { return last(index % width, rows + index / width); }
  constexpr Place input_head(int index) const { return first(index % width, rows + index / width); }
  constexpr Place shim() const { return {gate(0).column, -1}; }
  constexpr Place out(int index) const { return {gate(index).column, -1}; }
  constexpr int columns() const { return pairs ? 2 * width : width; }

 private:
  constexpr int slot(int rank) const { return (width - 1) / 2 + (rank % 2 == 1 ? (rank + 1) / 2 : -rank / 2); }
  constexpr int column(int rank) const { return first_column + (pairs ? 2 : 1) * slot(rank); }
  // A cascade runs east in even rows, west in odd ones.
  constexpr Place last(int rank, int row) const { return {column(rank) + (pairs && row % 2 == 0 ? 1 : 0), row}; }
  constexpr Place first(int rank, int row) const { return {column(rank) + (pairs && row % 2 != 0 ? 1 : 0), row}; }
};

// Slots of a layer, and rows of gates' tiles at most: a column has three output PLIOs.
constexpr int LanesWidth(int gate_tiles, int rows) { return (gate_tiles + rows - 1) / rows; }
constexpr int LanesMostRows(bool pairs) { return (pairs ? 2 : 1) * kPlioOutPerColumn; }

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_AIE_GRAPHS_LANES_PLACES_H_
