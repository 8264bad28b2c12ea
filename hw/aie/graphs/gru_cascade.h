#ifndef RECURD_HW_AIE_GRAPHS_GRU_CASCADE_H_
#define RECURD_HW_AIE_GRAPHS_GRU_CASCADE_H_

#include "hw/aie/graphs/cascade_places.h"
#include "hw/aie/graphs/graph_parts.h"
#include "hw/aie/graphs/gru_config.h"
#include "hw/aie/kernels/cascade_gate.h"
#include "hw/aie/kernels/cascade_to_stream.h"
#include "hw/aie/kernels/column_block.h"
#include "hw/aie/kernels/column_block_reset.h"
#include "hw/aie/kernels/update_state.h"

namespace recurd {
namespace hw {

// The paper's alternative to its row-wise mappings: a tile holds eight columns of a matrix, all of its rows, and the
// partial sums go over the cascade to the next tile. For each gate a W chain of I / 8 tiles and the tile that makes a
// stream of its sums, a U chain of H / 8 tiles and the tile that adds both and the biases; and the update tile:
// 3 (I / 8 + H / 8 + 2) + 1 tiles, sizes padded to eight. W has a chain of its own because the cascade holds four
// vectors only, and W runs ahead of U by a step. Activations are looked up in the PL: a table takes a whole tile's
// memory, and a tile looks up one value at a time.
// A tile holds all rows, twice for each weight set: 64 H K bytes, K sets. That is the mapping's limit: H <= 232 with
// two sets, 112 with four; the lint says why. A chain fills one row of the array at most: I <= 392.
// PLIOs, 128 bits: x, r, zn (commands, z, n) in; indices_r, indices_z, indices_n and y (the new states) out.
// Only padded sizes of Config count.   Source: arXiv 2511.15626, section 4, "Column-wise Cascade".   C++17.
template <class Config>
class GruCascade : public adf::graph {
 public:
  static constexpr int kWords = Config::kHiddenWords;
  static constexpr int kStateBlocks = kWords / kBlockColumns;
  static constexpr int kInputBlocks = Config::kInputWords / kBlockColumns;
  static constexpr int kTiles = kGates * (kInputBlocks + kStateBlocks + 2) + 1;
  static constexpr bool kResetAfter = Config::kReset == Reset::kAfter;
  static constexpr CascadePlaces kPlaces{kStateBlocks, kInputBlocks};

  adf::input_port input_weights[kGates * kInputBlocks];      // [gate][block] -> [sets][8 columns][padded rows]
  adf::input_port recurrent_weights[kGates * kStateBlocks];  // [gate][block] -> [sets][8 columns][padded rows]
  adf::input_port biases[kGates];                            // [sets](n, reset after: [bias, state bias])[padded rows]
  adf::input_port input_blocks[2 * kInputBlocks];            // how many blocks stand before each; behind each
  adf::input_port state_blocks[2 * kStateBlocks];

  GruCascade() {
    create_plio(x_, "x", kPlaces.x_in());
    create_plio(r_, "r", kPlaces.r_in());
    create_plio(zn_, "zn", kPlaces.zn_in());
    update_ = adf::kernel::create(update_state<kWords>);
    place_kernel(update_, "update_state.cc", kPlaces.update());
    // The slots and z live on its stack.
    adf::stack_size(update_) = kDefaultStackBytes + 4 * (kStateSlots + 1) * kWords;
    adf::connect<adf::stream>(zn_.out[0], update_.in[0]);
    create_plio(y_, "y", kPlaces.y_out());
    adf::connect<adf::stream>(update_.out[1], y_.in[0]);
    add_gate<kGateReset>("indices_r");
    add_gate<kGateUpdate>("indices_z");
    add_gate<kGateNew>("indices_n");
  }

 private:
  template <int gate>
  void add_gate(const char* plio) {
    constexpr bool reset_after = gate == kGateNew && kResetAfter;
    constexpr int resets = reset_after ? 1 : 0;
    adf::kernel &to_stream = to_stream_[gate], &end = end_[gate];
    to_stream = adf::kernel::create(cascade_to_stream<kWords>);
    place_kernel(to_stream, "cascade_to_stream.cc", kPlaces.to_stream(gate));
    end = gate_kernel<gate>();
    place_kernel(end, "cascade_gate.cc", kPlaces.gate_tile(gate));
    adf::stack_size(end) = kDefaultStackBytes + 4 * kWords;  // partial sums
    add_chain<Chain::kInputs>(gate, to_stream);
    add_chain<gate == kGateNew && !kResetAfter ? Chain::kResetStates : Chain::kStates>(gate, end);
    adf::connect<adf::stream>(to_stream.out[0], end.in[1]);
    if constexpr (reset_after) adf::connect<adf::stream>(r_.out[0], end.in[2]);
    adf::connect<adf::parameter>(biases[gate], adf::async(end.in[2 + resets]));
    create_plio(indices_[gate], plio, kPlaces.indices_out(gate));
    adf::connect<adf::stream>(end.out[0], indices_[gate].in[0]);
  }

  template <int gate>
  static adf::kernel gate_kernel() {
    if constexpr (gate == kGateNew && kResetAfter)
      return adf::kernel::create(cascade_gate_reset<kWords, Config::kSets>);
    else
      return adf::kernel::create(cascade_gate<gate, kWords, Config::kSets>);
  }

  // What a chain multiplies: x, h or r * h.
  enum class Chain { kInputs, kStates, kResetStates };

  template <Chain kind>
  void add_chain(int gate, adf::kernel& end) {
    constexpr bool inputs = kind == Chain::kInputs;
    constexpr int blocks = inputs ? kInputBlocks : kStateBlocks;
    adf::kernel* chain = inputs ? input_[gate] : recurrent_[gate];
    adf::input_port* weights = inputs ? input_weights : recurrent_weights;
    adf::input_port* positions = inputs ? input_blocks : state_blocks;
    for (int block = 0; block < blocks; ++block) {
      adf::kernel& k = chain[block];
      k = block_kernel<kind>(block == 0);
      const char* source = kind == Chain::kResetStates ? "column_block_reset.cc" : "column_block.cc";
      place_kernel(k, source, inputs ? kPlaces.w(gate, block) : kPlaces.u(gate, block));
      adf::stack_size(k) = kDefaultStackBytes + 4 * kWords;  // its own sums
      int port = 0;
      if constexpr (inputs)
        adf::connect<adf::stream>(x_.out[0], k.in[port++]);
      else
        adf::connect<adf::stream>(update_.out[0], k.in[port++]);
      if constexpr (kind == Chain::kResetStates) adf::connect<adf::stream>(r_.out[0], k.in[port++]);
      if (block > 0) adf::connect<adf::cascade>(chain[block - 1].out[0], k.in[port++]);
      adf::connect<adf::parameter>(weights[gate * blocks + block], adf::async(k.in[port++]));
      adf::connect<adf::parameter>(positions[block], adf::async(k.in[port++]));
      adf::connect<adf::parameter>(positions[blocks + block], adf::async(k.in[port]));
    }
    adf::connect<adf::cascade>(chain[blocks - 1].out[0], end.in[0]);
  }

  template <Chain kind>
  static adf::kernel block_kernel(bool first) {
    if constexpr (kind == Chain::kResetStates) {
      return first ? adf::kernel::create(column_block_reset_first<kWords, Config::kSets>)
                   : adf::kernel::create(column_block_reset<kWords, Config::kSets>);
    } else {
      return first ? adf::kernel::create(column_block_first<kWords, Config::kSets>)
                   : adf::kernel::create(column_block<kWords, Config::kSets>);
    }
  }

  adf::input_plio x_, r_, zn_;
  adf::output_plio indices_[kGates], y_;
  adf::kernel update_;
  adf::kernel input_[kGates][kInputBlocks], recurrent_[kGates][kStateBlocks];
  adf::kernel to_stream_[kGates], end_[kGates];
};

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_AIE_GRAPHS_GRU_CASCADE_H_
