#ifndef RECURD_HW_EMU_ROWWISE_SYSTEM_H_
#define RECURD_HW_EMU_ROWWISE_SYSTEM_H_

#include <adf.h>

#include <vector>

#include "hw/aie/graphs/gru_config.h"
#include "hw/emu/named_ports.h"
#include "hw/pl/lanes_feeder.h"

namespace recurd {
namespace emu {

// What the row-wise mappings share: the layout of their weights (gru_rowwise.h), and the feeder. The layer's input size
// is that of the weights: a graph fits all sizes that pad to the same words.
template <class Config, class GraphType>
class RowwiseSystem : public GruSystem {
 public:
  using Graph = GraphType;

  const GraphNodes& nodes() const override { return graph_.nodes(); }

 protected:
  RowwiseSystem(const hw::Timing& timing, Disturbance disturbance) : GruSystem(timing, disturbance) {
    NamePorts("input_weights", graph_.input_weights);
    NamePorts("recurrent_weights", graph_.recurrent_weights);
    NamePorts("biases", graph_.biases);
    NamePorts("row_indices", graph_.row_indices);
  }

  std::vector<GruSystem::Parameter> PortValues(const std::vector<GruWeights>& sets) const override {
    std::vector<GruSystem::Parameter> values;
    for (int gate = 0; gate < hw::kGates; ++gate) {
      for (int group = 0; group < Config::kGroups; ++group) AppendGroup(sets, gate, group, &values);
    }
    for (int group = 0; group < Config::kGroups; ++group) {
      const int32_t first_row = group * Config::kGroupRows;
      values.push_back(PortValue(graph_.row_indices[group], first_row));
      if (Config::kReset != hw::Reset::kAfter) continue;
      values.push_back(PortValue(graph_.row_indices[Config::kGroups + group], first_row));
    }
    return values;
  }

  Process* AddFeeder() {
    Process* feeder = AddPlKernel(
        "feeder", [this] { hw::lanes_feeder<Config::kInputWords, 0, 0, Config::kHiddenWords>(in_, x_, control_); });
    TakeCommands(feeder, &in_.in);
    x_.out = array().PlWrites("x");
    return feeder;
  }

  Graph graph_;
  hw::beat_stream in_, x_, control_;

 private:
  void AppendGroup(const std::vector<GruWeights>& sets, int gate, int group,
                   std::vector<GruSystem::Parameter>* values) const {
    const int at = gate * Config::kGroups + group, first = group * Config::kGroupRows;
    const bool after = Config::kReset == hw::Reset::kAfter && gate == hw::kGateNew;
    std::vector<float> input, recurrent, bias;
    for (const GruWeights& set : sets) {
      for (int row = first; row < first + Config::kGroupRows; ++row) {
        AppendPadded(set.InputRow(gate, row), set.input_size, &input);
        AppendPadded(set.RecurrentRow(gate, row), Config::kHidden, &recurrent);
        bias.insert(bias.end(), hw::kLanes, set.bias[gate * Config::kHidden + row]);
      }
      for (int row = first; after && row < first + Config::kGroupRows; ++row) {
        recurrent.insert(recurrent.end(), hw::kLanes, set.recurrent_bias[row]);
      }
    }
    values->push_back(PortValue(graph_.input_weights[at], input));
    values->push_back(PortValue(graph_.recurrent_weights[at], recurrent));
    values->push_back(PortValue(graph_.biases[at], bias));
  }
};

}  // namespace emu
}  // namespace recurd

#endif  // RECURD_HW_EMU_ROWWISE_SYSTEM_H_
