#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "hw/emu/commands.h"
#include "hw/emu/graph_lint.h"
#include "hw/emu/lanes_system.h"
#include "hw/emu/plain_lanes.h"
#include "server/numeric/denormals.h"
#include "server/numeric/reference.h"
#include "tests/unit/hw/gru_fixture.h"

namespace recurd::emu {

using hw::LaneCell;
using hw::LaneNumerics;

inline GruWeights RandomLayer(int hidden, int input, LaneCell cell, uint32_t seed) {
  const int gates = hw::LaneGates(cell);
  GruWeights weights = RandomWeights(hidden, input, seed);
  weights.input = RandomFloats(gates * hidden * input, seed, 1.5f / static_cast<float>(input) + 0.2f);
  weights.recurrent = RandomFloats(gates * hidden * hidden, seed + 1, 3.0f / static_cast<float>(hidden));
  weights.bias = RandomFloats(gates * hidden, seed + 2, 0.5f);
  return weights;
}

// What a layer has to yield: of kLut the plain evaluator, else the server's reference.
class LayerOracle {
 public:
  LayerOracle(const GruWeights& weights, LaneCell cell, LaneNumerics numerics)
      : hidden_(weights.hidden_size), by_table_(numerics == LaneNumerics::kLut), lut_(weights, cell) {
    const bool lstm = cell == LaneCell::kLstm;
    cell_.kind = lstm ? CellKind::kLstm : CellKind::kGru;
    cell_.linear_before_reset = cell == LaneCell::kGruAfter;
    cell_.form = numerics;
    cell_.f.kind = UnaryKind::kSigmoid;
    cell_.g.kind = cell_.h.kind = UnaryKind::kTanh;
    cell_.input_size = weights.input_size;
    cell_.hidden_size = hidden_;
    const std::vector<int> order = lstm ? std::vector<int>{0, 2, 1, 3} : std::vector<int>{1, 0, 2};
    for (const int gate : order) {
      Append(weights.input, gate, hidden_ * weights.input_size, &input_);
      Append(weights.recurrent, gate, hidden_ * hidden_, &recurrent_);
      Append(weights.bias, gate, hidden_, &bias_);
    }
    recurrent_bias_.resize(bias_.size());
    if (cell_.linear_before_reset) {
      std::copy(weights.recurrent_bias.begin(), weights.recurrent_bias.end(), recurrent_bias_.end() - hidden_);
    }
  }

  // Shapes: x [input_size], state [hidden_size], of an LSTM h and then c.
  void Step(const float* x, float* state) {
    if (by_table_) return lut_.Step(x, state);
    cell_.input_weights = input_.data();
    cell_.recurrent_weights = recurrent_.data();
    cell_.input_bias = bias_.data();
    cell_.recurrent_bias = recurrent_bias_.data();
    ReferenceStep<float>(cell_, x, state, state + hidden_);
  }

 private:
  static void Append(const std::vector<float>& from, int gate, int count, std::vector<float>* to) {
    to->insert(to->end(), from.begin() + gate * count, from.begin() + (gate + 1) * count);
  }

  int hidden_;
  bool by_table_;
  PlainLanes lut_;
  Cell cell_;
  std::vector<float> input_, recurrent_, bias_, recurrent_bias_;
};

// A stack of one or two layers: weights, states and what a step must give.
class LaneModel {
 public:
  struct Layer {
    GruWeights weights;
    LaneCell cell;
    LayerOracle oracle;
    std::vector<float> state;
  };

  void Add(int hidden, int input, LaneCell cell, LaneNumerics numerics, uint32_t seed) {
    GruWeights weights = RandomLayer(hidden, input, cell, seed);
    LayerOracle oracle(weights, cell, numerics);
    layers_.push_back({std::move(weights), cell, std::move(oracle), {}});
    layers_.back().state.resize(hidden * (cell == LaneCell::kLstm ? 2 : 1));
  }
  std::vector<Layer>& layers() { return layers_; }
  int input() const { return layers_[0].weights.input_size; }

  void RandomizeState(uint32_t seed) {
    for (Layer& layer : layers_) layer.state = RandomFloats(layer.state.size(), seed++, 1.0f);
  }

  // All states as the contract has them: each part padded.
  std::vector<float> StateRow() const {
    std::vector<float> row;
    for (const Layer& layer : layers_) {
      const int hidden = layer.weights.hidden_size;
      for (size_t at = 0; at < layer.state.size(); at += hidden) AppendPadded(&layer.state[at], hidden, &row);
    }
    return row;
  }
  size_t row_words() const { return StateRow().size(); }

  // The state rows after each step.
  std::vector<uint32_t> Run(const float* x, int steps) {
    const ScopedFlushToZero flush;
    std::vector<uint32_t> words;
    for (int step = 0; step < steps; ++step) {
      const float* in = x + step * input();
      for (Layer& layer : layers_) {
        layer.oracle.Step(in, layer.state.data());
        in = layer.state.data();
      }
      const std::vector<float> row = StateRow();
      const size_t at = words.size();
      words.resize(at + row.size());
      memcpy(&words[at], row.data(), 4 * row.size());
    }
    return words;
  }

 private:
  std::vector<Layer> layers_;
};

template <class System, size_t... layer>
void SetLayers(System* system, LaneModel* model, std::index_sequence<layer...>) {
  (system->template SetLayerWeights<layer>({model->layers()[layer].weights}), ...);
}

inline absl::Status RunFlushed(GruSystem* system, size_t words) {
  const ScopedFlushToZero flush;
  return system->RunUntil(words);
}

inline int KernelCount(const GraphNodes& graph) {
  return static_cast<int>(std::count_if(graph.nodes.begin(), graph.nodes.end(),
                                        [](auto& node) { return node->kind == Node::Kind::kKernel; }));
}

// 50 steps from a state that a SWITCH brought, bit for bit what the oracle yields; the graph fits the device.
template <class System>
void ExpectLanesEqual(LaneModel* model, int tiles) {
  constexpr int kSteps = 50;
  auto system = System::Make(hw::Timing());
  ASSERT_TRUE(system.ok()) << system.status();
  SetLayers(system->get(), model, std::make_index_sequence<System::kLayers>());
  model->RandomizeState(6);
  const std::vector<float> x = RandomFloats(kSteps * model->input(), 5, 1.0f), state = model->StateRow();
  CommandWriter writer;
  writer.Switch(3, 1, state.data(), static_cast<int>(state.size()));
  writer.Run(3, 0, 2, x.data(), kSteps, model->input());
  (*system)->Give(writer.Take());
  const size_t before = 4 + state.size() + 4, rows = kSteps * state.size();
  const absl::Status status = RunFlushed(system->get(), before + rows);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(Slice((*system)->results(), before, rows), model->Run(x.data(), kSteps));
  EXPECT_EQ(KernelCount((*system)->nodes()), tiles);
  EXPECT_EQ(LintGraph((*system)->nodes()), std::vector<std::string>());
}

// One layer. Input sizes that pad to the same words share a graph.
template <int hidden, int padded_input, LaneCell cell, LaneNumerics numerics, int sets = 2>
void ExpectLayerEqual(const std::vector<int>& inputs, int tiles) {
  for (const int input : inputs) {
    SCOPED_TRACE("H=" + std::to_string(hidden) + " I=" + std::to_string(input) + " cell " +
                 std::to_string(static_cast<int>(cell)) + " numerics " + std::to_string(static_cast<int>(numerics)));
    LaneModel model;
    model.Add(hidden, input, cell, numerics, 1000 * hidden + input);
    ExpectLanesEqual<LanesSystem<hw::LanesConfig<hidden, padded_input, cell, numerics, sets>>>(&model, tiles);
  }
}

}  // namespace recurd::emu
