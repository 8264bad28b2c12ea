#ifndef RECURD_HW_AIE_GRAPHS_CASCADE_PLACES_H_
#define RECURD_HW_AIE_GRAPHS_CASCADE_PLACES_H_

#include "hw/config/contract.h"
#include "hw/config/geometry.h"

namespace recurd {
namespace hw {

// Where the cascade mapping's tiles and PLIOs stand. A gate takes two rows of the array: its U chain runs east in the
// even one and ends in the gate's tile, its W chain runs west in the odd one above. r and n, which a step waits for,
// are nearest to the PL; the update tile stands beside r's.   C++14.
struct CascadePlaces {
  int state_blocks, input_blocks;

  constexpr Place u(int gate, int block) const { return {u_first() + block, row_of(gate)}; }
  constexpr Place gate_tile(int gate) const { return u(gate, state_blocks); }
  constexpr Place update() const { return u(kGateReset, state_blocks + 1); }
  constexpr Place w(int gate, int block) const { return {w_last() + input_blocks - block, row_of(gate) + 1}; }
  constexpr Place to_stream(int gate) const { return {w_last(), row_of(gate) + 1}; }

  constexpr Place x_in() const { return shim(w_last() + input_blocks / 2); }
  constexpr Place r_in() const { return shim(u_first() + state_blocks / 2); }
  constexpr Place zn_in() const { return shim(update().column); }
  constexpr Place indices_out(int gate) const { return shim(u_first() + state_blocks - (gate == kGateUpdate ? 1 : 0)); }
  constexpr Place y_out() const { return shim(update().column); }

 private:
  static constexpr int row_of(int gate) { return gate == kGateReset ? 0 : gate == kGateNew ? 2 : 4; }
  constexpr int u_first() const { return state_blocks + 2 < kColumns ? (kColumns - state_blocks - 2) / 2 : 0; }
  // Below the gate's tile if the chain fits there.
  constexpr int w_last() const {
    const int beside = u_first() + state_blocks, most = kColumns - 1 - input_blocks;
    return beside < most ? beside : most < 0 ? 0 : most;
  }
  static constexpr Place shim(int column) {
    const int last = kFirstPlColumn + kPlColumns - 1;
    return {column < kFirstPlColumn ? kFirstPlColumn : column > last ? last : column, -1};
  }
};

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_AIE_GRAPHS_CASCADE_PLACES_H_
