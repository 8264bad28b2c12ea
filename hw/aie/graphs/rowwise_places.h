#ifndef RECURD_HW_AIE_GRAPHS_ROWWISE_PLACES_H_
#define RECURD_HW_AIE_GRAPHS_ROWWISE_PLACES_H_

#include "hw/config/contract.h"
#include "hw/config/geometry.h"

namespace recurd {
namespace hw {

// Where the tiles and PLIOs of the row-wise mappings stand: for the graphs, and for the closed form of their timing.
// The nine tiles of a group of rows follow each other. The `central` ones stand in the middle, the update tile first,
// then the aggregators in the order of gates; the tiles behind them move up.   C++14.
struct RowwisePlaces {
  int rows;  // groups of them
  int central = 1;

  constexpr Place w(int row, int gate) const { return at(9 * row + 3 * gate); }
  constexpr Place u(int row, int gate) const { return at(9 * row + 3 * gate + 1); }
  constexpr Place bias(int row, int gate) const { return at(9 * row + 3 * gate + 2); }
  constexpr Place update() const { return SnakeTile(9 * rows / 2); }
  constexpr Place aggregator(int gate) const { return SnakeTile(9 * rows / 2 + 1 + gate); }
  constexpr Place middle() const { return SnakeShim(9 * rows / 2); }  // all PLIOs but row_out
  constexpr Place row_out(int row) const { return SnakeShim(9 * row + 4); }

 private:
  constexpr Place at(int index) const { return SnakeTile(index < 9 * rows / 2 ? index : index + central); }
};

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_AIE_GRAPHS_ROWWISE_PLACES_H_
