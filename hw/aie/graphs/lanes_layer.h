#ifndef RECURD_HW_AIE_GRAPHS_LANES_LAYER_H_
#define RECURD_HW_AIE_GRAPHS_LANES_LAYER_H_

#include <array>
#include <string>

#include "hw/aie/graphs/graph_parts.h"
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
// Base: adf::graph, or nothing in particular within a graph of layers. What a layout doesn't have are arrays of nothing
// (UG1079, Conditional Ports).   C++17.
template <class Config, class Base>
class LanesLayer : public Base {
 public:
  static constexpr LaneLayout kLayout = Config::kLayout;
  template <class T, bool exists>
  using EachGateTile = std::array<T, exists ? Config::kGateTiles : 0>;

  // Weights of gate i's tiles: see the kernels.
  EachGateTile<adf::input_port, true> weights;
  EachGateTile<adf::input_port, kLayout.split_state()> head_weights;
  EachGateTile<adf::input_port, kLayout.own_inputs()> input_weights;
  EachGateTile<adf::input_port, kLayout.split_input()> input_head_weights;
  std::array<adf::input_port, Config::kBlocks> block_indices;

  void build(int layer, const LanesPlaces& places) {
    const std::string number = "_" + std::to_string(layer);
    create_plio(x_, "x" + number, places.shim());
    create_plio(h_, "h" + number, places.shim());
    create_plio(v_, "v" + number, places.shim());
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
    adf::kernel& k = gate_[index];
    if constexpr (split) {
      constexpr int head_words = kLayout.state_head(), more = TakesSecondVector(result<gate>()) ? 1 : 0;
      adf::kernel& head = head_[index];
      head = adf::kernel::create(lane_head<kFusedWords, kStateWords, head_words, more, kSets, kLayout.head_columns()>);
      place_kernel(head, "lane_split.cc", places.head(index));
      connect_inputs(index, head, places);
      adf::connect<adf::stream>(states.out[0], head.in[1]);
      adf::connect<adf::parameter>(head_weights[index], adf::async(head.in[2]));
      k = adf::kernel::create(lane_tail<result<gate>(), kStateWords, head_words, kSets>);
      place_kernel(k, "lane_split.cc", places.gate(index));
      adf::connect<adf::cascade>(head.out[0], k.in[0]);
    } else {
      k = adf::kernel::create(lane_gate<result<gate>(), kFusedWords, kStateWords, kSets, kLayout.gate_columns()>);
      place_kernel(k, "lane_gate.cc", places.gate(index));
      connect_inputs(index, k, places);
    }
    adf::connect<adf::stream>(states.out[0], k.in[1]);
    adf::connect<adf::parameter>(weights[index], adf::async(k.in[2]));
    adf::connect<adf::parameter>(block_indices[block], adf::async(k.in[3]));
    adf::output_plio& out = out_[index];
    create_plio(out, "gate" + number + "_" + std::to_string(index), places.out(index));
    adf::connect<adf::stream>(k.out[0], out.in[0]);
  }

  // Commands and x, or W x + b, into input 0 of `to`.
  void connect_inputs(int index, adf::kernel& to, const LanesPlaces& places) {
    if constexpr (!kLayout.own_inputs()) {
      adf::connect<adf::stream>(x_.out[0], to.in[0]);
    } else {
      constexpr int words = Config::kInputWords, head_words = kLayout.input_head();
      adf::kernel& k = input_[index];
      if constexpr (kLayout.split_input()) {
        adf::kernel& head = input_head_[index];
        head = adf::kernel::create(lane_inputs_head<words, head_words, kSets>);
        place_kernel(head, "lane_split.cc", places.input_head(index));
        adf::connect<adf::stream>(x_.out[0], head.in[0]);
        adf::connect<adf::parameter>(input_head_weights[index], adf::async(head.in[1]));
        k = adf::kernel::create(lane_inputs_tail<words, head_words, kSets>);
        place_kernel(k, "lane_split.cc", places.inputs(index));
        adf::connect<adf::cascade>(head.out[0], k.in[1]);
        adf::connect<adf::parameter>(input_weights[index], adf::async(k.in[2]));
      } else {
        k = adf::kernel::create(lane_inputs<words, kSets>);
        place_kernel(k, "lane_inputs.cc", places.inputs(index));
        adf::connect<adf::parameter>(input_weights[index], adf::async(k.in[1]));
      }
      adf::connect<adf::stream>(x_.out[0], k.in[0]);
      adf::connect<adf::stream>(k.out[0], to.in[0]);
    }
  }

  adf::input_plio x_, h_, v_;
  EachGateTile<adf::output_plio, true> out_;
  EachGateTile<adf::kernel, true> gate_;
  EachGateTile<adf::kernel, kLayout.split_state()> head_;
  EachGateTile<adf::kernel, kLayout.own_inputs()> input_;
  EachGateTile<adf::kernel, kLayout.split_input()> input_head_;
};

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_AIE_GRAPHS_LANES_LAYER_H_
