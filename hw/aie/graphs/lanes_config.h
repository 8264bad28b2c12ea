#ifndef RECURD_HW_AIE_GRAPHS_LANES_CONFIG_H_
#define RECURD_HW_AIE_GRAPHS_LANES_CONFIG_H_

#include "hw/config/geometry.h"
#include "hw/config/lanes.h"

namespace recurd {
namespace hw {

// W x of the next step is over before its state comes while it takes at most so many cycles; beyond, W gets tiles of
// its own.
constexpr int kMostFusedInput = 64;

// Which tiles a gate's eight rows take, by padded sizes.
struct LaneLayout {
  int input_words, hidden_words, sets;

  // Whether so many columns (a bias is one) fit a tile. Parameters count twice (ping-pong).
  constexpr bool fits(int columns) const { return bytes(columns) <= kTileDataBytes; }
  constexpr int bytes(int columns) const {
    return 2 * 4 * sets * columns * kLanes + kDefaultStackBytes + kDefaultHeapBytes + 8;
  }

  // U's columns, or W's, are split over two tiles where one can't hold them.
  constexpr bool split_state() const { return !fits(hidden_words + 1); }
  constexpr bool own_inputs() const {
    return input_words > kMostFusedInput || (!split_state() && !fits(input_words + hidden_words + 2));
  }
  constexpr bool split_input() const { return own_inputs() && !fits(input_words + 1); }
  constexpr bool pairs() const { return split_state() || split_input(); }

  // Columns of each tile's weights, biases included. Heads hold the first columns.
  constexpr int state_head() const { return split_state() ? PaddedWords(hidden_words / 2) : 0; }
  constexpr int input_head() const { return split_input() ? PaddedWords(input_words / 2) : 0; }
  constexpr int fused() const { return own_inputs() ? 0 : input_words + 1; }
  constexpr int head_columns() const { return split_state() ? fused() + state_head() : 0; }
  constexpr int gate_columns() const { return (split_state() ? 0 : fused()) + hidden_words - state_head() + 1; }
  constexpr int input_columns() const { return own_inputs() ? input_words - input_head() + 1 : 0; }

  constexpr int tiles() const { return 1 + (split_state() ? 1 : 0) + (own_inputs() ? 1 : 0) + (split_input() ? 1 : 0); }
  // The fullest tile's bytes.
  constexpr int most_bytes() const {
    return bytes(max(max(head_columns(), gate_columns()), max(input_columns(), input_head())));
  }

 private:
  static constexpr int max(int a, int b) { return a < b ? b : a; }
};

// One recurrent layer of the lanes mapping. Layers that pad to the same words share a graph. C++17.
template <int hidden_size, int input_size, LaneCell cell, LaneNumerics numerics, int weight_sets = 2>
struct LanesConfig {
  static constexpr int kHiddenWords = PaddedWords(hidden_size);
  static constexpr int kInputWords = PaddedWords(input_size);
  static constexpr LaneCell kCell = cell;
  static constexpr LaneNumerics kNumerics = numerics;
  static constexpr int kSets = weight_sets;
  static constexpr int kGates = LaneGates(cell);
  static constexpr int kBlocks = kHiddenWords / kLanes;
  static constexpr int kGateTiles = kGates * kBlocks;
  static constexpr LaneLayout kLayout{kInputWords, kHiddenWords, weight_sets};
  static constexpr int kTiles = kGateTiles * kLayout.tiles();
  static constexpr int kStateWords = LaneStateWords(cell, hidden_size);
};

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_AIE_GRAPHS_LANES_CONFIG_H_
