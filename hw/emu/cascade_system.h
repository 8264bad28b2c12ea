#ifndef RECURD_HW_EMU_CASCADE_SYSTEM_H_
#define RECURD_HW_EMU_CASCADE_SYSTEM_H_

#include <algorithm>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "hw/aie/graphs/gru_cascade.h"
#include "hw/emu/gru_system.h"
#include "hw/pl/gru_activator.h"
#include "hw/pl/gru_feeder.h"

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

  void SetWeights(const std::vector<GruWeights>& sets) override {
    SetPositions(graph_.input_blocks, Graph::kInputBlocks);
    SetPositions(graph_.state_blocks, Graph::kStateBlocks);
    for (int gate = 0; gate < hw::kGates; ++gate) {
      for (int block = 0; block < Graph::kInputBlocks; ++block) {
        Update(graph_.input_weights[gate * Graph::kInputBlocks + block], Columns(sets, gate, block, true));
      }
      for (int block = 0; block < Graph::kStateBlocks; ++block) {
        Update(graph_.recurrent_weights[gate * Graph::kStateBlocks + block], Columns(sets, gate, block, false));
      }
      Update(graph_.biases[gate], Biases(sets, gate));
    }
  }
  const GraphNodes& nodes() const override { return graph_.nodes(); }

 private:
  static constexpr int kWords = Config::kHiddenWords;

  using GruSystem::GruSystem;

  void ConnectPl() {
    Process* feeder =
        AddPlKernel("gru_feeder", [this] { hw::gru_feeder<Config::kInputWords, kWords>(in_, x_, control_); });
    Process* activator =
        AddPlKernel("gru_activator", [this] { hw::gru_activator<kHidden>(control_, indices_, r_, zn_); });
    in_.in = HostWords(feeder);
    x_.out = array().PlWrites("x");
    ConnectFifo("control", feeder, &control_.out, activator, &control_.in);
    indices_[hw::kGateReset].in = array().PlReads("indices_r", activator);
    indices_[hw::kGateUpdate].in = array().PlReads("indices_z", activator);
    indices_[hw::kGateNew].in = array().PlReads("indices_n", activator);
    r_.out = array().PlWrites("r");
    zn_.out = array().PlWrites("zn");
  }

  void Update(const adf::input_port& port, const std::vector<float>& values) {
    graph_.update(port, values.data(), static_cast<int>(values.size()));
  }

  void SetPositions(const adf::input_port* ports, int32_t blocks) {
    for (int32_t block = 0; block < blocks; ++block) {
      const int32_t behind = blocks - 1 - block;
      graph_.update(ports[block], &block, 1);
      graph_.update(ports[blocks + block], &behind, 1);
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
