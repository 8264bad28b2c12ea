#ifndef RECURD_HW_EMU_GRU_SYSTEM_H_
#define RECURD_HW_EMU_GRU_SYSTEM_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "hw/emu/array.h"
#include "hw/emu/gru_weights.h"

namespace recurd {
namespace emu {

// A mapping whole: graph and PL kernels, and at both ends a host, or PL streams (JoinEnds). Runs the sources of hw/aie
// and hw/pl as they are. What all mappings share is here; a mapping adds its graph, its PL kernels and the layout of
// its weights.
// Threads: one at a time; systems share nothing.
class GruSystem {
 public:
  // A run-time parameter as a host writes it: `port` is the name that XRT knows, "gru.input_weights[3]".
  struct Parameter {
    std::string port;
    std::vector<uint32_t> words;  // all that the port takes
    bool once = false;            // one buffer only: never while the graph runs
  };

  virtual ~GruSystem() = default;
  GruSystem(const GruSystem&) = delete;
  GruSystem& operator=(const GruSystem&) = delete;

  // All run-time parameters of the graph, for one GruWeights a set, in order.
  std::vector<Parameter> Parameters(const std::vector<GruWeights>& sets) const;
  // Writes them. Kernels see them after a RELOAD, the first ones at once.
  virtual void SetWeights(const std::vector<GruWeights>& sets);
  // Writes one; false if no port has that name or that size.
  bool UpdateParameter(const std::string& port, const void* value, size_t bytes);
  virtual const GraphNodes& nodes() const = 0;

  // Hands words to the feeder: commands, input rows and state rows as contract.h says, padded.
  void Give(const std::vector<uint32_t>& words) { host().source.Give(words); }

  // Runs until `words` words in all have come out at y.
  // Errors: INTERNAL with who waits for whom, if they never do.
  absl::Status RunUntil(size_t words);

  // What came out at y: echoed commands, state rows. A RELOAD's echo comes once every kernel has answered it.
  const std::vector<uint32_t>& results() { return host().y.words(); }
  // When, in AIE cycles.
  const std::vector<Cycles>& times() { return host().y.times(); }
  // Drops both, so that the next word counts as the first again: for whoever runs a system for long.
  void Forget() { host().y.Forget(); }

  // Joins PL streams to the ends instead of the host, before anything runs: `commands` of `writer` to the feeder, y to
  // `results` of `reader`.
  void JoinEnds(Process* writer, OutPort* commands, Process* reader, InPort* results);
  // As on a board: a kernel is invoked when RunGraph has been called and each of its parameters written, not at once.
  // Before anything runs.
  void HoldGraph() { array_->Hold(); }
  void RunGraph() { array_->Start(); }

  Process* AddPlKernel(const std::string& name, std::function<void()> body) { return engine_.AddProcess(name, body); }
  // A FIFO between two PL kernels.
  void ConnectFifo(const std::string& name, Process* writer, OutPort* from, Process* reader, InPort* to);
  Engine& engine() { return engine_; }

 protected:
  GruSystem(const hw::Timing& timing, Disturbance disturbance) : engine_(timing, disturbance) {}

  // Brings the graph to life. Errors: as Array::Elaborate.
  absl::Status Elaborate();
  Array& array() { return *array_; }

  // The ends: which PL kernel takes the commands, and which one yields the results; without one it is the PLIO y.
  void TakeCommands(Process* reader, InPort* port) { commands_ = {reader, port}; }
  void YieldResults(Process* writer, OutPort* port) { results_ = {writer, port}; }

  // Parameters, of a port just the first words where the rest is zero.
  virtual std::vector<Parameter> PortValues(const std::vector<GruWeights>& sets) const = 0;
  // What the ports take.
  std::vector<Parameter> Whole(std::vector<Parameter> parameters) const;
  void Update(const std::vector<Parameter>& parameters);

 private:
  struct Host {
    explicit Host(Engine* engine) : source(engine, "host"), y(engine, "host y") {}
    HostSource source;
    HostSink y;
  };
  template <class Port>
  struct End {
    Process* process = nullptr;
    Port* port = nullptr;
  };

  Host& host();
  void JoinResults(Process* reader, InPort* to);
  // Edges from the parameter port of that name.
  std::vector<const Edge*> EdgesOf(const std::string& port) const;

  Engine engine_;
  std::unique_ptr<Array> array_;
  End<InPort> commands_;
  End<OutPort> results_;
  std::unique_ptr<Host> host_;
  mutable std::map<std::string, std::vector<const Edge*>> parameter_edges_;
};

}  // namespace emu
}  // namespace recurd

#endif  // RECURD_HW_EMU_GRU_SYSTEM_H_
