#ifndef RECURD_HW_AIE_SIMULATE_H_
#define RECURD_HW_AIE_SIMULATE_H_

#include <cstdint>
#include <vector>

#include "hw/aie/graphs/gru_config.h"
#include "hw/aie/graphs/lanes_config.h"

// What a mapping's `main` does in the AI Engine and x86 simulators: weights zero, positions right, one invocation of
// every kernel, which ends with the RELOAD in the x stream. Times don't depend on the weights. What flows through the
// PLIOs comes from external traffic generators: PLIOs have names and no files.
// Source: UG1076, External Traffic Generators; UG1079, Run-Time Parameter Update. C++17.
namespace recurd {
namespace hw {

template <class Graph, class Ports>
void write_zeros(Graph& graph, Ports& ports, int words) {
  const std::vector<float> zeros(words);
  for (auto& port : ports) graph.update(port, zeros.data(), words);
}

template <class Graph>
void run_once(Graph& graph) {
  graph.run(1);
  graph.end();
}

// Weights of gru_rowwise.h.
template <class Config, class Graph>
void write_rowwise(Graph& graph) {
  constexpr int rows = Config::kGroupRows, groups = Config::kGroups;
  write_zeros(graph, graph.input_weights, Config::kSets * rows * Config::kInputWords);
  write_zeros(graph, graph.biases, Config::kSets * rows * kLanes);
  for (int at = 0; at < kGates * groups; ++at) {
    const bool own_bias = Config::kReset == Reset::kAfter && at / groups == kGateNew;
    const std::vector<float> zeros(Config::kSets * rows * (Config::kHiddenWords + (own_bias ? kLanes : 0)));
    graph.update(graph.recurrent_weights[at], zeros.data(), static_cast<int>(zeros.size()));
  }
  for (int group = 0; group < groups; ++group) {
    const int32_t first_row = group * rows;
    graph.update(graph.row_indices[group], &first_row, 1);
    if (Config::kReset == Reset::kAfter) graph.update(graph.row_indices[groups + group], &first_row, 1);
  }
}

template <class Config, class Graph>
void simulate_hybrid(Graph& graph) {
  graph.init();
  write_rowwise<Config>(graph);
  run_once(graph);
}

template <class Config, class Graph>
void simulate_aie(Graph& graph) {
  graph.init();
  write_rowwise<Config>(graph);
  write_zeros(graph, graph.tables, kLutWords);
  run_once(graph);
}

template <class Graph, class Port>
void write_positions(Graph& graph, Port* ports, int blocks) {
  for (int32_t block = 0; block < blocks; ++block) {
    const int32_t behind = blocks - 1 - block;
    graph.update(ports[block], &block, 1);
    graph.update(ports[blocks + block], &behind, 1);
  }
}

template <class Config, class Graph>
void simulate_cascade(Graph& graph) {
  constexpr int words = Config::kHiddenWords;
  graph.init();
  write_zeros(graph, graph.input_weights, Config::kSets * kLanes * words);
  write_zeros(graph, graph.recurrent_weights, Config::kSets * kLanes * words);
  for (int gate = 0; gate < kGates; ++gate) {
    const bool own_bias = Config::kReset == Reset::kAfter && gate == kGateNew;
    const std::vector<float> zeros(Config::kSets * words * (own_bias ? 2 : 1));
    graph.update(graph.biases[gate], zeros.data(), static_cast<int>(zeros.size()));
  }
  write_positions(graph, graph.input_blocks, Config::kInputWords / kLanes);
  write_positions(graph, graph.state_blocks, words / kLanes);
  run_once(graph);
}

template <class Config, class Graph>
void simulate_lanes(Graph& graph) {
  constexpr LaneLayout layout = Config::kLayout;
  graph.init();
  write_zeros(graph, graph.weights, Config::kSets * kLanes * layout.gate_columns());
  write_zeros(graph, graph.head_weights, Config::kSets * kLanes * layout.head_columns());
  write_zeros(graph, graph.input_weights, Config::kSets * kLanes * layout.input_columns());
  write_zeros(graph, graph.input_head_weights, Config::kSets * kLanes * layout.input_head());
  for (int32_t block = 0; block < Config::kBlocks; ++block) graph.update(graph.block_indices[block], &block, 1);
  run_once(graph);
}

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_AIE_SIMULATE_H_
