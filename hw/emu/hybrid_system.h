#ifndef RECURD_HW_EMU_HYBRID_SYSTEM_H_
#define RECURD_HW_EMU_HYBRID_SYSTEM_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "hw/aie/graphs/gru_hybrid.h"
#include "hw/emu/array.h"
#include "hw/emu/gru_weights.h"
#include "hw/pl/gru_aggregator.h"
#include "hw/pl/gru_feeder.h"

namespace recurd {
namespace emu {

// The hybrid mapping whole: graph, PL kernels, and a host at both ends. Runs the sources of hw/aie and hw/pl as they
// are. Threads: one at a time; systems share nothing.
template <class Config>
class HybridSystem {
 public:
  using Graph = hw::GruHybrid<Config>;

  // Errors: as Array::Elaborate.
  static absl::StatusOr<std::unique_ptr<HybridSystem>> Make(const hw::Timing& timing, Disturbance disturbance = {}) {
    std::unique_ptr<HybridSystem> system(new HybridSystem(timing, disturbance));
    if (absl::Status status = system->array_.Elaborate(); !status.ok()) return status;
    system->ConnectPl();
    return system;
  }

  // Writes the run-time parameters of all kernels: one GruWeights a set, in order. Kernels see them after a RELOAD, the
  // first ones at once.
  void SetWeights(const std::vector<GruWeights>& sets) {
    for (int gate = 0; gate < hw::kGates; ++gate) {
      for (int row = 0; row < Config::kHidden; ++row) SetRow(sets, gate, row);
    }
    for (int row = 0; row < Config::kHidden; ++row) {
      const int32_t index = row;
      graph_.update(graph_.row_indices[row], &index, 1);
      graph_.update(graph_.row_indices[Config::kHidden + row], &index, 1);
    }
  }

  // Hands words to the feeder: commands, input rows and state rows as contract.h says, padded.
  void Give(const std::vector<uint32_t>& words) { source_.Give(words); }

  // Runs until `words` words in all have come out at y.
  // Errors: INTERNAL with who waits for whom, if they never do.
  absl::Status RunUntil(size_t words) { return RunUntil(&y_, words); }
  // Runs until `count` RELOADs in all have been answered by every kernel.
  absl::Status RunUntilEchoes(size_t count) { return RunUntil(&echo_, count * hw::kBeatWords); }

  // What came out at y: echoed commands, state rows.
  const std::vector<uint32_t>& results() const { return y_.words(); }
  // When, in AIE cycles.
  const std::vector<Cycles>& times() const { return y_.times(); }
  const Graph& graph() const { return graph_; }
  Engine& engine() { return engine_; }

 private:
  static constexpr int kPlFifoWords = 64;  // 16 beats, the default depth of a v++ stream connection

  HybridSystem(const hw::Timing& timing, Disturbance disturbance)
      : engine_(timing, disturbance),
        array_(graph_.nodes(), &engine_),
        source_(&engine_, "host"),
        y_(&engine_, "host y"),
        echo_(&engine_, "host echo") {}

  absl::Status RunUntil(HostSink* sink, size_t words) {
    sink->StopAt(words);
    while (sink->words().size() < words) {
      if (engine_.Run()) continue;
      return absl::InternalError("the array stands still after " + std::to_string(sink->words().size()) + " of " +
                                 std::to_string(words) + " words:\n" + engine_.Waiting());
    }
    sink->StopAt(~size_t{0});
    return absl::OkStatus();
  }

  // A FIFO between two PL kernels or to the host.
  void ConnectFifo(const std::string& name, Process* writer, hw::beat_stream* from, Process* reader, InPort* to) {
    Channel* channel = engine_.AddChannel(name, writer->name);
    from->out.channel = channel;
    *to = engine_.AddReader(channel, reader, engine_.timing().pl_clock, kPlFifoWords);
  }

  void ConnectPl() {
    Process* feeder = engine_.AddProcess(
        "gru_feeder", [this] { hw::gru_feeder<Config::kInputWords, Config::kHiddenWords>(in_, x_, control_); });
    Process* aggregator = engine_.AddProcess(
        "gru_aggregator", [this] { hw::gru_aggregator<Config::kHidden>(control_, rows_, r_, zn_, echo_out_); });
    in_.in = engine_.AddReader(source_.channel(), feeder, 0, kPlFifoWords);
    x_.out = array_.PlWrites("x");
    ConnectFifo("control", feeder, &control_, aggregator, &control_.in);
    for (int row = 0; row < Config::kHidden; ++row) {
      rows_[row].in = array_.PlReads("row_" + std::to_string(row), aggregator);
    }
    r_.out = array_.PlWrites("r");
    zn_.out = array_.PlWrites("zn");
    InPort echo;
    ConnectFifo("echo", aggregator, &echo_out_, echo_.process(), &echo);
    echo_.Connect(echo);
    y_.Connect(array_.PlReads("y", y_.process()));
  }

  void SetRow(const std::vector<GruWeights>& sets, int gate, int row) {
    const int at = gate * Config::kHidden + row;
    const bool after = Config::kReset == hw::Reset::kAfter && gate == hw::kGateNew;
    std::vector<float> input, recurrent, bias;
    for (const GruWeights& set : sets) {
      AppendPadded(set.InputRow(gate, row), Config::kInput, &input);
      AppendPadded(set.RecurrentRow(gate, row), Config::kHidden, &recurrent);
      if (after) recurrent.insert(recurrent.end(), hw::kLanes, set.recurrent_bias[row]);
      bias.insert(bias.end(), hw::kLanes, set.bias[at]);
    }
    graph_.update(graph_.input_weights[at], input.data(), static_cast<int>(input.size()));
    graph_.update(graph_.recurrent_weights[at], recurrent.data(), static_cast<int>(recurrent.size()));
    graph_.update(graph_.biases[at], bias.data(), static_cast<int>(bias.size()));
  }

  Graph graph_;
  Engine engine_;
  Array array_;
  HostSource source_;
  HostSink y_, echo_;
  hw::beat_stream in_, x_, control_, rows_[Config::kHidden], r_, zn_, echo_out_;
};

}  // namespace emu
}  // namespace recurd

#endif  // RECURD_HW_EMU_HYBRID_SYSTEM_H_
