#ifndef RECURD_HW_EMU_ROWWISE_SYSTEM_H_
#define RECURD_HW_EMU_ROWWISE_SYSTEM_H_

#include <adf.h>

#include <vector>

#include "hw/aie/graphs/gru_config.h"
#include "hw/emu/gru_system.h"
#include "hw/pl/gru_feeder.h"

namespace recurd {
namespace emu {

// What the row-wise mappings share: the layout of their weights (gru_rowwise.h), and the feeder. The layer's input size
// is that of the weights: a graph fits all sizes that pad to the same words.
template <class Config, class GraphType>
class RowwiseSystem : public GruSystem {
 public:
  using Graph = GraphType;

  void SetWeights(const std::vector<GruWeights>& sets) override {
    for (int gate = 0; gate < hw::kGates; ++gate) {
      for (int group = 0; group < Config::kGroups; ++group) SetGroup(sets, gate, group);
    }
    for (int group = 0; group < Config::kGroups; ++group) {
      const int32_t first_row = group * Config::kGroupRows;
      graph_.update(graph_.row_indices[group], &first_row, 1);
      graph_.update(graph_.row_indices[Config::kGroups + group], &first_row, 1);
    }
  }
  const GraphNodes& nodes() const override { return graph_.nodes(); }

 protected:
  RowwiseSystem(const hw::Timing& timing, Disturbance disturbance) : GruSystem(timing, disturbance) {}

  Process* AddFeeder() {
    Process* feeder = AddPlKernel(
        "gru_feeder", [this] { hw::gru_feeder<Config::kInputWords, Config::kHiddenWords>(in_, x_, control_); });
    in_.in = HostWords(feeder);
    x_.out = array().PlWrites("x");
    return feeder;
  }

  Graph graph_;
  hw::beat_stream in_, x_, control_;

 private:
  void SetGroup(const std::vector<GruWeights>& sets, int gate, int group) {
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
    Update(graph_.input_weights[at], input);
    Update(graph_.recurrent_weights[at], recurrent);
    Update(graph_.biases[at], bias);
  }

  void Update(const adf::input_port& port, const std::vector<float>& values) {
    graph_.update(port, values.data(), static_cast<int>(values.size()));
  }
};

}  // namespace emu
}  // namespace recurd

#endif  // RECURD_HW_EMU_ROWWISE_SYSTEM_H_
