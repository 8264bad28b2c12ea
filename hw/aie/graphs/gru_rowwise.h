#ifndef RECURD_HW_AIE_GRAPHS_GRU_ROWWISE_H_
#define RECURD_HW_AIE_GRAPHS_GRU_ROWWISE_H_

#include "hw/aie/graphs/graph_parts.h"
#include "hw/aie/graphs/gru_config.h"
#include "hw/aie/graphs/rowwise_places.h"
#include "hw/aie/kernels/bias_id.h"
#include "hw/aie/kernels/dot_row.h"
#include "hw/aie/kernels/dot_row_reset.h"
#include "hw/aie/kernels/update_state.h"

namespace recurd {
namespace hw {

// What the row-wise mappings share: for each gate of each group of rows a tile for W x and one for U h, the ports of a
// third one with the bias, and the update tile. A group is one hidden unit, or several where there are more than 32:
// its tiles serve their rows one after the other.
// PLIOs, 128 bits: x (commands and inputs) in; y (echoes and new states) out.
// Source: arXiv 2511.15626, section 4.   C++17.
template <class Config, int central_tiles>
class GruRowwise : public adf::graph {
 public:
  static constexpr int kGroups = Config::kGroups;
  static constexpr int kTiles = 9 * kGroups + central_tiles;
  static constexpr RowwisePlaces kPlaces{kGroups, central_tiles};

  adf::input_port input_weights[kGates * kGroups];      // [gate][group] -> [sets][rows][padded input]
  adf::input_port recurrent_weights[kGates * kGroups];  // [gate][group] -> [sets][rows][padded hidden], see the kernels
  adf::input_port biases[kGates * kGroups];             // [gate][group] -> [sets][rows][8 equal lanes]
  adf::input_port row_indices[2 * kGroups];             // of the bias tiles' first rows; of the special tiles'

 protected:
  GruRowwise() {
    create_plio(x_, "x", kPlaces.middle());
    create_plio(y_, "y", kPlaces.middle());
    update_ = adf::kernel::create(update_state<Config::kHiddenWords>);
    place_kernel(update_, "update_state.cc", kPlaces.update());
    // The slots and z live on its stack.
    adf::stack_size(update_) = kDefaultStackBytes + 4 * (kStateSlots + 1) * Config::kHiddenWords;
    adf::connect<adf::stream>(update_.out[1], y_.in[0]);
  }

  // A gate of a group, up to the inputs of its third tile: bias_[gate * kGroups + group], which has been created.
  // `resets`: where the reset gate's vectors come from.
  template <int gate, class Port>
  void add_gate(int group, Port&& resets) {
    constexpr bool special = gate == kGateNew;
    const int at = gate * kGroups + group;
    adf::kernel &w = input_[at], &u = recurrent_[at], &bias = bias_[at];
    w = adf::kernel::create(dot_row<Config::kInputWords, Config::kGroupRows, Config::kSets>);
    u = recurrent_kernel<gate>();
    place_kernel(w, "dot_row.cc", kPlaces.w(group, gate));
    place_kernel(u, special ? "dot_row_reset.cc" : "dot_row.cc", kPlaces.u(group, gate));
    place_kernel(bias, "bias_id.cc", kPlaces.bias(group, gate));
    adf::connect<adf::stream>(x_.out[0], w.in[0]);
    adf::connect<adf::stream>(update_.out[0], u.in[0]);
    adf::connect<adf::stream>(w.out[0], bias.in[0]);
    adf::connect<adf::stream>(u.out[0], bias.in[1]);
    adf::connect<adf::parameter>(input_weights[at], adf::async(w.in[1]));
    adf::connect<adf::parameter>(recurrent_weights[at], adf::async(u.in[special ? 2 : 1]));
    adf::connect<adf::parameter>(biases[at], adf::async(bias.in[2]));
    adf::connect<adf::parameter>(row_indices[group], adf::async(bias.in[3]));
    if constexpr (special) {
      adf::connect<adf::stream>(resets, u.in[1]);
      // The products, or a copy of r, live on its stack.
      adf::stack_size(u) = kDefaultStackBytes + 4 * Config::kGroupRows * Config::kHiddenWords;
      if constexpr (Config::kReset == Reset::kAfter) {
        adf::connect<adf::parameter>(row_indices[kGroups + group], adf::async(u.in[3]));
      }
    }
  }

  adf::input_plio x_;
  adf::output_plio y_;
  adf::kernel update_;
  adf::kernel bias_[kGates * kGroups];  // [gate][group]

 private:
  template <int gate>
  static adf::kernel recurrent_kernel() {
    constexpr int words = Config::kHiddenWords, rows = Config::kGroupRows, sets = Config::kSets;
    if constexpr (gate != kGateNew) {
      return adf::kernel::create(dot_row<words, rows, sets>);
    } else if constexpr (Config::kReset == Reset::kBefore) {
      return adf::kernel::create(dot_row_reset_before<words, rows, sets>);
    } else {
      return adf::kernel::create(dot_row_reset_after<words, rows, sets>);
    }
  }

  adf::kernel input_[kGates * kGroups], recurrent_[kGates * kGroups];  // [gate][group]
};

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_AIE_GRAPHS_GRU_ROWWISE_H_
