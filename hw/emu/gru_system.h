#ifndef RECURD_HW_EMU_GRU_SYSTEM_H_
#define RECURD_HW_EMU_GRU_SYSTEM_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "hw/emu/array.h"
#include "hw/emu/gru_weights.h"

namespace recurd {
namespace emu {

// A mapping whole: graph, PL kernels, and a host at both ends. Runs the sources of hw/aie and hw/pl as they are. What
// all mappings share is here; a mapping adds its graph, its PL kernels and the layout of its weights.
// Threads: one at a time; systems share nothing.
class GruSystem {
 public:
  virtual ~GruSystem() = default;
  GruSystem(const GruSystem&) = delete;
  GruSystem& operator=(const GruSystem&) = delete;

  // Writes the run-time parameters of all kernels: one GruWeights a set, in order. Kernels see them after a RELOAD, the
  // first ones at once.
  virtual void SetWeights(const std::vector<GruWeights>& sets) = 0;
  virtual const GraphNodes& nodes() const = 0;

  // Hands words to the feeder: commands, input rows and state rows as contract.h says, padded.
  void Give(const std::vector<uint32_t>& words) { source_.Give(words); }

  // Runs until `words` words in all have come out at y.
  // Errors: INTERNAL with who waits for whom, if they never do.
  absl::Status RunUntil(size_t words);

  // What came out at y: echoed commands, state rows. A RELOAD's echo comes once every kernel has answered it.
  const std::vector<uint32_t>& results() const { return y_.words(); }
  // When, in AIE cycles.
  const std::vector<Cycles>& times() const { return y_.times(); }
  // Drops both, so that the next word counts as the first again: for whoever runs a system for long.
  void Forget() { y_.Forget(); }
  Engine& engine() { return engine_; }

 protected:
  GruSystem(const hw::Timing& timing, Disturbance disturbance)
      : engine_(timing, disturbance), source_(&engine_, "host"), y_(&engine_, "host y") {}

  // Brings the graph to life and joins its PLIO y to the host. Errors: as Array::Elaborate.
  absl::Status Elaborate();
  // The same where a PL kernel, not a PLIO, yields the results.
  absl::Status ElaborateGraph();
  void ConnectResults(Process* writer, OutPort* from);
  Array& array() { return *array_; }

  Process* AddPlKernel(const std::string& name, std::function<void()> body) { return engine_.AddProcess(name, body); }
  // The words given, for a PL kernel to read.
  InPort HostWords(Process* reader) { return engine_.AddReader(source_.channel(), reader, 0, kPlFifoWords); }
  // A FIFO between two PL kernels.
  void ConnectFifo(const std::string& name, Process* writer, OutPort* from, Process* reader, InPort* to);

 private:
  static constexpr int kPlFifoWords = 64;  // 16 beats, the default depth of a v++ stream connection

  Engine engine_;
  std::unique_ptr<Array> array_;
  HostSource source_;
  HostSink y_;
};

}  // namespace emu
}  // namespace recurd

#endif  // RECURD_HW_EMU_GRU_SYSTEM_H_
