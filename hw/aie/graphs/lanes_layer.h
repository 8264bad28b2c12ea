#ifndef RECURD_HW_AIE_GRAPHS_LANES_LAYER_H_
#define RECURD_HW_AIE_GRAPHS_LANES_LAYER_H_

#include <adf.h>

#include <string>

#include "hw/aie/graphs/lanes_config.h"
#include "hw/aie/graphs/lanes_places.h"
#include "hw/aie/kernels/lane_gate.h"
#include "hw/aie/kernels/lane_inputs.h"
#include "hw/aie/kernels/lane_split.h"

namespace recurd {
namespace hw {

// The tiles of one recurrent layer: a gate's rows by eights, each eight a tile with an output PLIO of its own, and what
// LaneLayout adds to it.
// PLIOs, 128 bits, n the layer's number: x_n (commands and inputs), h_n (states), v_n (what the candidate's tiles take:
// the state, and as LaneTwoPhases says r * h, r or c) in; gate_n_i out, tile i being gate i % gates of block i / gates.
// C++17.
template <class Config>
class LanesLayer {
 public:
  static constexpr LaneLayout kLayout = Config::kLayout;

  // Weights of gate i's tiles: see the kernels. Those of tiles that the layout doesn't have stay unused.
  adf::input_port weights[Config::kGateTiles];
  adf::input_port head_weights[kLayout.split_state() ? Config::kGateTiles : 1];
  adf::input_port input_weights[kLayout.own_inputs() ? Config::kGateTiles : 1];
  adf::input_port input_head_weights[kLayout.split_input() ? Config::kGateTiles : 1];
  adf::input_port block_indices[Config::kBlocks];

  void build(int layer, const LanesPlaces& places) {
    const std::string number = "_" + std::to_string(layer);
    x_ = input("x" + number, places);
    h_ = input("h" + number, places);
    v_ = input("v" + number, places);
    for (int block = 0; block < Config::kBlocks; ++block) {
      add_gate<0>(block, number, places);
      add_gate<1>(block, number, places);
      add_gate<2>(block, number, places);
      if constexpr (Config::kGates == 4) add_gate<3>(block, number, places);
    }
  }

 private:
  static constexpr bool kExact = Config::kNumerics == LaneNumerics::kExact;
  static constexpr int kSets = Config::kSets, kStateWords = Config::kHiddenWords;
  static constexpr int kFusedWords = kLayout.own_inputs() ? 0 : Config::kInputWords;

  template <int gate>
  static constexpr LaneResult result() {
    if (gate != LaneCandidate(Config::kCell)) return kExact ? LaneResult::kExp : LaneResult::kGate;
    if (Config::kCell == LaneCell::kGruAfter) return kExact ? LaneResult::kResetExpm1 : LaneResult::kParts;
    if (!kExact) return LaneResult::kGate;
    return Config::kCell == LaneCell::kLstm ? LaneResult::kTwoExpm1 : LaneResult::kExpm1;
  }

  template <int gate>
  void add_gate(int block, const std::string& number, const LanesPlaces& places) {
    constexpr bool split = kLayout.split_state();
    const int index = block * Config::kGates + gate;
    adf::input_plio& states = gate == LaneCandidate(Config::kCell) ? v_ : h_;
    adf::kernel k;
    if constexpr (split) {
      constexpr int head_words = kLayout.state_head(), more = TakesSecondVector(result<gate>()) ? 1 : 0;
      adf::kernel head =
          adf::kernel::create(lane_head<kFusedWords, kStateWords, head_words, more, kSets, kLayout.head_columns()>);
      finish(head, "lane_split.cc", places.head(index));
      connect_inputs(index, head, places);
      adf::connect<adf::stream>(states.out[0], head.in[1]);
      adf::connect<adf::parameter>(head_weights[index], adf::async(head.in[2]));
      k = adf::kernel::create(lane_tail<result<gate>(), kStateWords, head_words, kSets>);
      finish(k, "lane_split.cc", places.gate(index));
      adf::connect<adf::cascade>(head.out[0], k.in[0]);
    } else {
      k = adf::kernel::create(lane_gate<result<gate>(), kFusedWords, kStateWords, kSets, kLayout.gate_columns()>);
      finish(k, "lane_gate.cc", places.gate(index));
      connect_inputs(index, k, places);
    }
    adf::connect<adf::stream>(states.out[0], k.in[1]);
    adf::connect<adf::parameter>(weights[index], adf::async(k.in[2]));
    adf::connect<adf::parameter>(block_indices[block], adf::async(k.in[3]));
    adf::output_plio out = adf::output_plio::create("gate" + number + "_" + std::to_string(index), adf::plio_128_bits);
    adf::location<adf::PLIO>(out) = adf::shim{places.out(index).column};
    adf::connect<adf::stream>(k.out[0], out.in[0]);
  }

  // Commands and x, or W x + b, into input 0 of `to`.
  void connect_inputs(int index, adf::kernel& to, const LanesPlaces& places) {
    if constexpr (!kLayout.own_inputs()) {
      adf::connect<adf::stream>(x_.out[0], to.in[0]);
    } else {
      constexpr int words = Config::kInputWords, head_words = kLayout.input_head();
      adf::kernel k;
      if constexpr (kLayout.split_input()) {
        adf::kernel head = adf::kernel::create(lane_inputs_head<words, head_words, kSets>);
        finish(head, "lane_split.cc", places.input_head(index));
        adf::connect<adf::stream>(x_.out[0], head.in[0]);
        adf::connect<adf::parameter>(input_head_weights[index], adf::async(head.in[1]));
        k = adf::kernel::create(lane_inputs_tail<words, head_words, kSets>);
        finish(k, "lane_split.cc", places.inputs(index));
        adf::connect<adf::cascade>(head.out[0], k.in[1]);
        adf::connect<adf::parameter>(input_weights[index], adf::async(k.in[2]));
      } else {
        k = adf::kernel::create(lane_inputs<words, kSets>);
        finish(k, "lane_inputs.cc", places.inputs(index));
        adf::connect<adf::parameter>(input_weights[index], adf::async(k.in[1]));
      }
      adf::connect<adf::stream>(x_.out[0], k.in[0]);
      adf::connect<adf::stream>(k.out[0], to.in[0]);
    }
  }

  static adf::input_plio input(const std::string& name, const LanesPlaces& places) {
    adf::input_plio plio = adf::input_plio::create(name, adf::plio_128_bits);
    adf::location<adf::PLIO>(plio) = adf::shim{places.shim().column};
    return plio;
  }
  static void finish(adf::kernel& kernel, const char* source, Place place) {
    adf::source(kernel) = source;
    adf::runtime<adf::ratio>(kernel) = 0.9;
    adf::location<adf::kernel>(kernel) = adf::tile{place.column, place.row};
  }

  adf::input_plio x_, h_, v_;
};

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_AIE_GRAPHS_LANES_LAYER_H_
