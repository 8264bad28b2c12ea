#ifndef RECURD_HW_EMU_CASCADE_SYSTEM_H_
#define RECURD_HW_EMU_CASCADE_SYSTEM_H_

#include <algorithm>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "hw/aie/graphs/gru_cascade.h"
#include "hw/emu/named_ports.h"
#include "hw/pl/gru_activator.h"
#include "hw/pl/lanes_feeder.h"

namespace recurd {
namespace emu {

// The cascade mapping: chains of column blocks, activations in the PL. The layer's input size is that of the weights: a
// graph fits all sizes that pad to the same words.
template <class Config>
class CascadeSystem : public GruSystem {
 public:
  static constexpr int kHidden = Config::kHidden;
  // Layers that pad to the same words share a graph.
  using Graph = hw::GruCascade<hw::GruConfig<Config::kHiddenWords, Config::kInputWords, Config::kReset, Config::kSets>>;

  // Errors: as Array::Elaborate.
  static absl::StatusOr<std::unique_ptr<CascadeSystem>> Make(const hw::Timing& timing, Disturbance disturbance = {}) {
    std::unique_ptr<CascadeSystem> system(new CascadeSystem(timing, disturbance));
    if (absl::Status status = system->Elaborate(); !status.ok()) return status;
    system->ConnectPl();
    return system;
  }

  const GraphNodes& nodes() const override { return graph_.nodes(); }

 private:
  static constexpr int kWords = Config::kHiddenWords;

  CascadeSystem(const hw::Timing& timing, Disturbance disturbance) : GruSystem(timing, disturbance) {
    NamePorts("input_weights", graph_.input_weights);
    NamePorts("recurrent_weights", graph_.recurrent_weights);
    NamePorts("biases", graph_.biases);
    NamePorts("input_blocks", graph_.input_blocks);
    NamePorts("state_blocks", graph_.state_blocks);
  }

  std::vector<Parameter> PortValues(const std::vector<GruWeights>& sets) const override {
    std::vector<Parameter> values;
    AppendPositions(graph_.input_blocks, Graph::kInputBlocks, &values);
    AppendPositions(graph_.state_blocks, Graph::kStateBlocks, &values);
    for (int gate = 0; gate < hw::kGates; ++gate) {
      for (int block = 0; block < Graph::kInputBlocks; ++block) {
        const adf::input_port& port = graph_.input_weights[gate * Graph::kInputBlocks + block];
        values.push_back(PortValue(port, Columns(sets, gate, block, true)));
      }
      for (int block = 0; block < Graph::kStateBlocks; ++block) {
        const adf::input_port& port = graph_.recurrent_weights[gate * Graph::kStateBlocks + block];
        values.push_back(PortValue(port, Columns(sets, gate, block, false)));
      }
      values.push_back(PortValue(graph_.biases[gate], Biases(sets, gate)));
    }
    return values;
  }

  void ConnectPl() {
    Process* feeder =
        AddPlKernel("feeder", [this] { hw::lanes_feeder<Config::kInputWords, 0, 0, kWords>(in_, x_, control_); });
    Process* activator =
        AddPlKernel("gru_activator", [this] { hw::gru_activator<kHidden>(control_, indices_, r_, zn_); });
    TakeCommands(feeder, &in_.in);
    x_.out = array().PlWrites("x");
    ConnectFifo("control", feeder, &control_.out, activator, &control_.in);
    indices_[hw::kGateReset].in = array().PlReads("indices_r", activator);
    indices_[hw::kGateUpdate].in = array().PlReads("indices_z", activator);
    indices_[hw::kGateNew].in = array().PlReads("indices_n", activator);
    r_.out = array().PlWrites("r");
    zn_.out = array().PlWrites("zn");
  }

  static void AppendPositions(const adf::input_port* ports, int32_t blocks, std::vector<Parameter>* values) {
    for (int32_t block = 0; block < blocks; ++block) {
      values->push_back(PortValue(ports[block], block));
      values->push_back(PortValue(ports[blocks + block], blocks - 1 - block));
    }
  }

  // Eight columns of a gate's W or U, each with all rows: [sets][8][padded rows].
  static std::vector<float> Columns(const std::vector<GruWeights>& sets, int gate, int block, bool input) {
    std::vector<float> values;
    for (const GruWeights& set : sets) {
      const int width = input ? set.input_size : kHidden, first = block * hw::kBlockColumns;
      for (int column = first; column < first + hw::kBlockColumns; ++column) {
        std::vector<float> rows(kWords);
        for (int row = 0; row < kHidden && column < width; ++row) {
          rows[row] = (input ? set.InputRow(gate, row) : set.RecurrentRow(gate, row))[column];
        }
        values.insert(values.end(), rows.begin(), rows.end());
      }
    }
    return values;
  }

  static std::vector<float> Biases(const std::vector<GruWeights>& sets, int gate) {
    std::vector<float> values;
    for (const GruWeights& set : sets) {
      AppendPadded(&set.bias[gate * kHidden], kHidden, &values);
      if (gate == hw::kGateNew && Graph::kResetAfter) AppendPadded(set.recurrent_bias.data(), kHidden, &values);
    }
    return values;
  }

  Graph graph_;
  hw::beat_stream in_, x_, control_, indices_[hw::kGates], r_, zn_;
};

}  // namespace emu
}  // namespace recurd

#endif  // RECURD_HW_EMU_CASCADE_SYSTEM_H_
