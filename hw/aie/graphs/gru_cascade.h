#ifndef RECURD_HW_AIE_GRAPHS_GRU_CASCADE_H_
#define RECURD_HW_AIE_GRAPHS_GRU_CASCADE_H_

#include <adf.h>

#include "hw/aie/graphs/cascade_places.h"
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
    x_ = input("x", kPlaces.x_in());
    r_ = input("r", kPlaces.r_in());
    zn_ = input("zn", kPlaces.zn_in());
    update_ = adf::kernel::create(update_state<kWords>);
    place(update_, "update_state.cc", kPlaces.update());
    // The slots and z live on its stack.
    adf::stack_size(update_) = kDefaultStackBytes + 4 * (kStateSlots + 1) * kWords;
    adf::connect<adf::stream>(zn_.out[0], update_.in[0]);
    y_ = output("y", kPlaces.y_out());
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
    place(to_stream, "cascade_to_stream.cc", kPlaces.to_stream(gate));
    end = gate_kernel<gate>();
    place(end, "cascade_gate.cc", kPlaces.gate_tile(gate));
    adf::stack_size(end) = kDefaultStackBytes + 4 * kWords;  // partial sums
    add_input_chain(gate, to_stream);
    if constexpr (gate == kGateNew && !kResetAfter)
      add_reset_chain(end);
    else
      add_state_chain(gate, end);
    adf::connect<adf::stream>(to_stream.out[0], end.in[1]);
    if constexpr (reset_after) adf::connect<adf::stream>(r_.out[0], end.in[2]);
    adf::connect<adf::parameter>(biases[gate], adf::async(end.in[2 + resets]));
    indices_[gate] = output(plio, kPlaces.indices_out(gate));
    adf::connect<adf::stream>(end.out[0], indices_[gate].in[0]);
  }

  template <int gate>
  static adf::kernel gate_kernel() {
    if constexpr (gate == kGateNew && kResetAfter)
      return adf::kernel::create(cascade_gate_reset<kWords, Config::kSets>);
    else
      return adf::kernel::create(cascade_gate<gate, kWords, Config::kSets>);
  }

  void add_input_chain(int gate, adf::kernel& end) {
    adf::kernel* chain = input_[gate];
    for (int block = 0; block < kInputBlocks; ++block) {
      adf::kernel& k = chain[block];
      k = block == 0 ? adf::kernel::create(column_block_first<kWords, Config::kSets>)
                     : adf::kernel::create(column_block<kWords, Config::kSets>);
      place_columns(k, "column_block.cc", kPlaces.w(gate, block));
      adf::connect<adf::stream>(x_.out[0], k.in[0]);
      if (block > 0) adf::connect<adf::cascade>(chain[block - 1].out[0], k.in[1]);
      const int weights = block == 0 ? 1 : 2;
      adf::connect<adf::parameter>(input_weights[gate * kInputBlocks + block], adf::async(k.in[weights]));
      adf::connect<adf::parameter>(input_blocks[block], adf::async(k.in[weights + 1]));
      adf::connect<adf::parameter>(input_blocks[kInputBlocks + block], adf::async(k.in[weights + 2]));
    }
    adf::connect<adf::cascade>(chain[kInputBlocks - 1].out[0], end.in[0]);
  }

  void add_state_chain(int gate, adf::kernel& end) {
    adf::kernel* chain = recurrent_[gate];
    for (int block = 0; block < kStateBlocks; ++block) {
      adf::kernel& k = chain[block];
      k = block == 0 ? adf::kernel::create(column_block_first<kWords, Config::kSets>)
                     : adf::kernel::create(column_block<kWords, Config::kSets>);
      place_columns(k, "column_block.cc", kPlaces.u(gate, block));
      adf::connect<adf::stream>(update_.out[0], k.in[0]);
      if (block > 0) adf::connect<adf::cascade>(chain[block - 1].out[0], k.in[1]);
      connect_state_block(gate, block, k, block == 0 ? 1 : 2);
    }
    adf::connect<adf::cascade>(chain[kStateBlocks - 1].out[0], end.in[0]);
  }

  void add_reset_chain(adf::kernel& end) {
    adf::kernel* chain = recurrent_[kGateNew];
    for (int block = 0; block < kStateBlocks; ++block) {
      adf::kernel& k = chain[block];
      k = block == 0 ? adf::kernel::create(column_block_reset_first<kWords, Config::kSets>)
                     : adf::kernel::create(column_block_reset<kWords, Config::kSets>);
      place_columns(k, "column_block_reset.cc", kPlaces.u(kGateNew, block));
      adf::connect<adf::stream>(update_.out[0], k.in[0]);
      adf::connect<adf::stream>(r_.out[0], k.in[1]);
      if (block > 0) adf::connect<adf::cascade>(chain[block - 1].out[0], k.in[2]);
      connect_state_block(kGateNew, block, k, block == 0 ? 2 : 3);
    }
    adf::connect<adf::cascade>(chain[kStateBlocks - 1].out[0], end.in[0]);
  }

  void connect_state_block(int gate, int block, adf::kernel& k, int first_parameter) {
    adf::connect<adf::parameter>(recurrent_weights[gate * kStateBlocks + block], adf::async(k.in[first_parameter]));
    adf::connect<adf::parameter>(state_blocks[block], adf::async(k.in[first_parameter + 1]));
    adf::connect<adf::parameter>(state_blocks[kStateBlocks + block], adf::async(k.in[first_parameter + 2]));
  }

  static void place(adf::kernel& k, const char* source, Place at) {
    adf::source(k) = source;
    adf::runtime<adf::ratio>(k) = 0.9;
    adf::location<adf::kernel>(k) = adf::tile{at.column, at.row};
  }
  // The tile's own sums live on its stack.
  static void place_columns(adf::kernel& k, const char* source, Place at) {
    place(k, source, at);
    adf::stack_size(k) = kDefaultStackBytes + 4 * kWords;
  }
  static adf::input_plio input(const char* name, Place at) {
    adf::input_plio plio = adf::input_plio::create(name, adf::plio_128_bits);
    adf::location<adf::PLIO>(plio) = adf::shim{at.column};
    return plio;
  }
  static adf::output_plio output(const char* name, Place at) {
    adf::output_plio plio = adf::output_plio::create(name, adf::plio_128_bits);
    adf::location<adf::PLIO>(plio) = adf::shim{at.column};
    return plio;
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
