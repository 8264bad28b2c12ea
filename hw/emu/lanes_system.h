#ifndef RECURD_HW_EMU_LANES_SYSTEM_H_
#define RECURD_HW_EMU_LANES_SYSTEM_H_

#include <array>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "hw/aie/graphs/gru_config.h"
#include "hw/aie/graphs/rnn_lanes.h"
#include "hw/emu/lanes_weights.h"
#include "hw/emu/named_ports.h"
#include "hw/pl/lanes_core.h"
#include "hw/pl/lanes_feeder.h"
#include "hw/pl/lanes_gru.h"
#include "hw/pl/lanes_lstm.h"

namespace recurd {
namespace emu {

// The lanes mapping: a stack of LanesConfigs, in order. Sizes are those of the weights: layers that pad to the same
// words share a graph. A state row is that of the first layer, then that of the second, and so on; of an LSTM, h and
// then c; each part padded.
template <class... Configs>
class LanesSystem : public GruSystem {
 public:
  static constexpr int kLayers = sizeof...(Configs);
  using Graph = hw::RnnLanes<Configs...>;

  // Errors: as Array::Elaborate.
  static absl::StatusOr<std::unique_ptr<LanesSystem>> Make(const hw::Timing& timing, Disturbance disturbance = {}) {
    std::unique_ptr<LanesSystem> system(new LanesSystem(timing, disturbance));
    if (absl::Status status = system->Elaborate(); !status.ok()) return status;
    system->ConnectLayers(std::make_index_sequence<kLayers>());
    return system;
  }

  // Of the only layer. Once they are set, rows that the layer doesn't have stay zero.
  void SetWeights(const std::vector<GruWeights>& sets) override { SetLayerWeights<0>(sets); }

  // The same for each layer of a stack; all have as many sets.
  template <size_t layer>
  void SetLayerWeights(const std::vector<GruWeights>& sets) {
    std::get<layer>(layers_).hidden = sets[0].hidden_size;
    Update(Whole(LayerValues<layer>(sets)));
  }

  const GraphNodes& nodes() const override { return graph_.nodes(); }

 private:
  static constexpr std::array<int, kLayers> kStateWords = {Configs::kStateWords...};
  static constexpr int kAllStateWords = (Configs::kStateWords + ...);

  template <class Config>
  struct Layer {
    using Cell = std::conditional_t<Config::kCell == hw::LaneCell::kLstm,
                                    hw::lanes_lstm<Config::kNumerics, Config::kHiddenWords>,
                                    hw::lanes_gru<Config::kCell, Config::kNumerics, Config::kHiddenWords>>;
    hw::beat_stream in, x, control, gates[Config::kGateTiles], h, v, y;
    int hidden = Config::kHiddenWords;
  };

  LanesSystem(const hw::Timing& timing, Disturbance disturbance) : GruSystem(timing, disturbance) {
    NameLayers(std::make_index_sequence<kLayers>());
  }

  // An only layer's ports are the graph's own.
  template <size_t... layer>
  void NameLayers(std::index_sequence<layer...>) {
    const auto name = [](const std::string& of, auto& ports) {
      NamePorts(of + "weights", ports.weights);
      NamePorts(of + "head_weights", ports.head_weights);
      NamePorts(of + "input_weights", ports.input_weights);
      NamePorts(of + "input_head_weights", ports.input_head_weights);
      NamePorts(of + "block_indices", ports.block_indices);
    };
    (name(kLayers == 1 ? "" : "layers[" + std::to_string(layer) + "].", std::get<layer>(graph_.layers)), ...);
  }

  std::vector<Parameter> PortValues(const std::vector<GruWeights>& sets) const override { return LayerValues<0>(sets); }

  template <size_t layer>
  std::vector<Parameter> LayerValues(const std::vector<GruWeights>& sets) const {
    using Config = std::tuple_element_t<layer, std::tuple<Configs...>>;
    const auto& ports = std::get<layer>(graph_.layers);
    std::vector<Parameter> values;
    for (int index = 0; index < Config::kGateTiles; ++index) {
      std::vector<float> gate, head, input, input_head;
      for (const GruWeights& set : sets) {
        const LanesWeights weights(set, Config::kCell, Config::kNumerics);
        AppendTiles<Config>(weights, index, &gate, &head, &input, &input_head);
      }
      values.push_back(PortValue(ports.weights[index], gate));
      if (Config::kLayout.split_state()) values.push_back(PortValue(ports.head_weights[index], head));
      if (Config::kLayout.own_inputs()) values.push_back(PortValue(ports.input_weights[index], input));
      if (Config::kLayout.split_input()) values.push_back(PortValue(ports.input_head_weights[index], input_head));
    }
    for (int32_t block = 0; block < Config::kBlocks; ++block) {
      values.push_back(PortValue(ports.block_indices[block], block));
    }
    return values;
  }

  static constexpr int WordsBefore(size_t layer) {
    int words = 0;
    for (size_t i = 0; i < layer; ++i) words += kStateWords[i];
    return words;
  }

  template <size_t... layer>
  void ConnectLayers(std::index_sequence<layer...>) {
    Process* before = nullptr;
    OutPort* results = nullptr;
    (ConnectLayer<layer>(&before, &results), ...);
    YieldResults(before, results);
  }

  template <size_t number>
  void ConnectLayer(Process** before, OutPort** results) {
    using Config = std::tuple_element_t<number, std::tuple<Configs...>>;
    using Cell = typename Layer<Config>::Cell;
    constexpr int kBefore = WordsBefore(number), kOther = kAllStateWords - Config::kStateWords;
    constexpr int kBegin = number == 0 ? 0 : WordsBefore(number == 0 ? 0 : number - 1);
    Layer<Config>& layer = std::get<number>(layers_);
    const std::string name = "_" + std::to_string(number);
    Process* feeder = AddPlKernel("lanes_feeder" + name, [&layer] {
      hw::lanes_feeder<Config::kInputWords, kBefore, kBegin, kAllStateWords>(layer.in, layer.x, layer.control);
    });
    Process* core = AddPlKernel("lanes_core" + name, [&layer] {
      hw::lanes_core<Cell, kBefore, kOther>(layer.control, layer.gates, layer.h, layer.v, layer.y, layer.hidden);
    });
    if (*before == nullptr) {
      TakeCommands(feeder, &layer.in.in);
    } else {
      ConnectFifo("y" + name, *before, *results, feeder, &layer.in.in);
    }
    ConnectFifo("control" + name, feeder, &layer.control.out, core, &layer.control.in);
    layer.x.out = array().PlWrites("x" + name);
    layer.h.out = array().PlWrites("h" + name);
    layer.v.out = array().PlWrites("v" + name);
    for (int index = 0; index < Config::kGateTiles; ++index) {
      layer.gates[index].in = array().PlReads("gate" + name + "_" + std::to_string(index), core);
    }
    *before = core;
    *results = &layer.y.out;
  }

  // What each tile of eight rows holds of a weight set.
  template <class Config>
  static void AppendTiles(const LanesWeights& weights, int index, std::vector<float>* gate, std::vector<float>* head,
                          std::vector<float>* input, std::vector<float>* input_head) {
    constexpr hw::LaneLayout layout = Config::kLayout;
    const int number = index % Config::kGates, block = index / Config::kGates;
    std::vector<float>* w = layout.own_inputs() ? input : layout.split_state() ? head : gate;
    weights.AppendColumns(number, block, false, 0, layout.input_head(), input_head);
    weights.AppendColumns(number, block, false, layout.input_head(), layout.input_words, w);
    weights.AppendBias(number, block, false, w);
    weights.AppendColumns(number, block, true, 0, layout.state_head(), head);
    weights.AppendColumns(number, block, true, layout.state_head(), layout.hidden_words, gate);
    weights.AppendBias(number, block, true, gate);
  }

  Graph graph_;
  std::tuple<Layer<Configs>...> layers_;
};

// A GruConfig's layer on this mapping.
template <class Gru, hw::LaneNumerics numerics>
using LanesOf =
    LanesSystem<hw::LanesConfig<Gru::kHidden, Gru::kInput,
                                Gru::kReset == hw::Reset::kBefore ? hw::LaneCell::kGruBefore : hw::LaneCell::kGruAfter,
                                numerics, Gru::kSets>>;
template <class Gru>
using GruLanesLut = LanesOf<Gru, hw::LaneNumerics::kLut>;
template <class Gru>
using GruLanesExact = LanesOf<Gru, hw::LaneNumerics::kExact>;

}  // namespace emu
}  // namespace recurd

#endif  // RECURD_HW_EMU_LANES_SYSTEM_H_
