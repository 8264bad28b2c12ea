#ifndef RECURD_HW_AIE_GRAPHS_GRU_HYBRID_H_
#define RECURD_HW_AIE_GRAPHS_GRU_HYBRID_H_

#include <adf.h>

#include <string>

#include "hw/aie/graphs/gru_config.h"
#include "hw/aie/kernels/bias_id.h"
#include "hw/aie/kernels/dot_row.h"
#include "hw/aie/kernels/dot_row_reset.h"
#include "hw/aie/kernels/update_state.h"
#include "hw/config/geometry.h"

namespace recurd {
namespace hw {

// The paper's hybrid mapping: nine tiles a hidden unit (for each gate W x, U h, and bias with id) and the update tile,
// 9H + 1 in all. The packets of a unit's three gates meet in one merge and leave through the unit's own interface tile;
// the PL sorts them, applies the activations and sends the vectors back.
// PLIOs, 128 bits: x, r (reset gate), zn (commands, z, n) in; row_0..row_{H-1} and y (the new states) out.
// Source: arXiv 2511.15626, section 4 and Table 1.   C++17.
template <class Config>
class GruHybrid : public adf::graph {
 public:
  static constexpr int kHidden = Config::kHidden;
  static constexpr int kTiles = 9 * kHidden + 1;
  static_assert(kHidden <= 32, "a unit has its own interface tile and its own way of the paper's merge");

  adf::input_port input_weights[kGates * kHidden];      // [gate][row] -> [sets][padded input]
  adf::input_port recurrent_weights[kGates * kHidden];  // [gate][row] -> [sets][padded hidden (+ 8, see the kernel)]
  adf::input_port biases[kGates * kHidden];             // [gate][row] -> [sets][8 equal lanes]
  adf::input_port row_indices[2 * kHidden];             // of the bias tiles; of the special tiles

  GruHybrid() {
    x_ = adf::input_plio::create("x", adf::plio_128_bits);
    r_ = adf::input_plio::create("r", adf::plio_128_bits);
    zn_ = adf::input_plio::create("zn", adf::plio_128_bits);
    y_ = adf::output_plio::create("y", adf::plio_128_bits);
    update_ = adf::kernel::create(update_state<Config::kHiddenWords>);
    finish(update_, "update_state.cc", kHidden * 9 / 2);
    // The slots and z live on its stack.
    adf::stack_size(update_) = kDefaultStackBytes + 4 * (kStateSlots + 1) * Config::kHiddenWords;
    adf::connect<adf::stream>(zn_.out[0], update_.in[0]);
    adf::connect<adf::stream>(update_.out[1], y_.in[0]);
    const int middle = kFirstPlColumn + kHidden * 9 / 2 / kRows;
    adf::location<adf::PLIO>(x_) = adf::shim{middle};
    adf::location<adf::PLIO>(r_) = adf::shim{middle};
    adf::location<adf::PLIO>(zn_) = adf::shim{middle};
    adf::location<adf::PLIO>(y_) = adf::shim{middle};
    for (int row = 0; row < kHidden; ++row) add_row(row);
  }

 private:
  void add_row(int row) {
    adf::pktmerge<kGates> merge = adf::pktmerge<kGates>::create();
    add_gate<kGateReset>(row, merge);
    add_gate<kGateUpdate>(row, merge);
    add_gate<kGateNew>(row, merge);
    adf::output_plio out = adf::output_plio::create("row_" + std::to_string(row), adf::plio_128_bits);
    adf::location<adf::PLIO>(out) = adf::shim{kFirstPlColumn + (row * 9 + 4) / kRows};
    adf::connect<adf::pktstream>(merge.out[0], out.in[0]);
  }

  template <int gate>
  void add_gate(int row, adf::pktmerge<kGates>& merge) {
    const int at = gate * kHidden + row;
    adf::kernel w = adf::kernel::create(dot_row<Config::kInputWords, Config::kSets>);
    adf::kernel u = recurrent_kernel<gate>();
    adf::kernel bias = adf::kernel::create(bias_id<gate, Config::kSets>);
    finish(w, "dot_row.cc", row * 9 + gate * 3);
    finish(u, gate == kGateNew ? "dot_row_reset.cc" : "dot_row.cc", row * 9 + gate * 3 + 1);
    finish(bias, "bias_id.cc", row * 9 + gate * 3 + 2);
    adf::connect<adf::stream>(x_.out[0], w.in[0]);
    adf::connect<adf::stream>(update_.out[0], u.in[0]);
    adf::connect<adf::stream>(w.out[0], bias.in[0]);
    adf::connect<adf::stream>(u.out[0], bias.in[1]);
    adf::connect<adf::pktstream>(bias.out[0], merge.in[gate]);
    adf::connect<adf::parameter>(input_weights[at], adf::async(w.in[1]));
    adf::connect<adf::parameter>(biases[at], adf::async(bias.in[2]));
    adf::connect<adf::parameter>(row_indices[row], adf::async(bias.in[3]));
    if constexpr (gate == kGateNew) {
      adf::connect<adf::stream>(r_.out[0], u.in[1]);
      adf::connect<adf::parameter>(recurrent_weights[at], adf::async(u.in[2]));
      if constexpr (Config::kReset == Reset::kAfter) {
        adf::connect<adf::parameter>(row_indices[kHidden + row], adf::async(u.in[3]));
      }
    } else {
      adf::connect<adf::parameter>(recurrent_weights[at], adf::async(u.in[1]));
    }
  }

  template <int gate>
  static adf::kernel recurrent_kernel() {
    constexpr int words = Config::kHiddenWords, sets = Config::kSets;
    if constexpr (gate != kGateNew) {
      return adf::kernel::create(dot_row<words, sets>);
    } else if constexpr (Config::kReset == Reset::kBefore) {
      return adf::kernel::create(dot_row_reset_before<words, sets>);
    } else {
      return adf::kernel::create(dot_row_reset_after<words, sets>);
    }
  }

  // Tiles are filled column by column, up and down in turns, so that a row's tiles are neighbours; the update tile
  // stands in the middle, the tiles behind it move up by one.
  static void finish(adf::kernel& kernel, const char* source, int index) {
    const bool is_update = source[0] == 'u';
    const int at = index + (!is_update && index >= kHidden * 9 / 2 ? 1 : 0);
    adf::source(kernel) = source;
    adf::runtime<adf::ratio>(kernel) = 0.9;
    const int column = at / kRows, row = at % kRows;
    adf::location<adf::kernel>(kernel) = adf::tile{kFirstPlColumn + column, column % 2 == 0 ? row : kRows - 1 - row};
  }

  adf::input_plio x_, r_, zn_;
  adf::output_plio y_;
  adf::kernel update_;
};

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_AIE_GRAPHS_GRU_HYBRID_H_
