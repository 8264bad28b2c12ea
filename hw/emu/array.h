#ifndef RECURD_HW_EMU_ARRAY_H_
#define RECURD_HW_EMU_ARRAY_H_

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "hw/config/geometry.h"
#include "hw/emu/engine.h"
#include "hw/emu/graph_nodes.h"

namespace recurd {
namespace emu {

// A graph brought to life in an engine: one process a kernel, one channel a net, latencies and buffers from where the
// graph places things (a node without a place stands at column 0, row 0). The graph outlives the array.
class Array {
 public:
  Array(const GraphNodes& graph, Engine* engine) : graph_(graph), engine_(engine) {}

  // Errors: INVALID_ARGUMENT naming a port that has no net, two nets into it, a PLIO name used twice, or a cascade
  // between tiles that are not neighbours.
  absl::Status Elaborate();

  // A kernel's first invocation waits for Start, and for each of its parameters. Before the engine's first Run.
  // Source: UG1079, Run-Time Parameter Update/Read Mechanisms.
  void Hold() { held_ = true; }
  void Start();
  // Parameters have been written.
  void TryInvoke();

  // The PL's end of a PLIO. Preconditions: Elaborate was OK; the name exists; each is asked for once.
  OutPort PlWrites(const std::string& plio);
  InPort PlReads(const std::string& plio, Process* reader);

 private:
  using Port = std::pair<const Node*, int>;
  struct Open {
    Channel* channel;
    Cycles latency;
    int capacity;
  };

  absl::Status Check() const;
  absl::Status CheckCascade(const Edge& edge) const;
  hw::Place PlaceOf(const Node& node) const;
  void AddProcess(const Node& node);
  void AwaitInvocation(const Node& node);
  void AddNet(const Node& from, int out);
  void Receive(const Edge& edge, Channel* channel);
  void AddMerge(const Node& node);

  const GraphNodes& graph_;
  Engine* engine_;
  bool held_ = false, started_ = false;
  std::vector<Process*> not_invoked_;
  std::map<const Node*, Process*> processes_;
  std::map<const Node*, std::unique_ptr<KernelInstance>> kernels_;
  std::map<Port, InPort> packet_ins_;  // of merges and splits
  std::map<Port, OutPort> packet_outs_;
  std::map<std::string, Channel*> plio_ins_;
  std::map<std::string, Open> plio_outs_;
};

// A host's end of a stream: a process that hands over words as soon as they are given, all at cycle 0.
class HostSource {
 public:
  // Writes beats to `out` of the channel that it makes; read it with `port`.
  HostSource(Engine* engine, const std::string& name);
  Channel* channel() { return channel_; }
  // Whole beats.
  void Give(const std::vector<uint32_t>& words);

 private:
  Engine* engine_;
  Process* process_;
  Channel* channel_;
  OutPort out_;
  std::vector<uint32_t> words_;
  size_t next_ = 0;
};

// Takes every beat at once and remembers when it came.
class HostSink {
 public:
  HostSink(Engine* engine, const std::string& name);
  Process* process() { return process_; }
  void Connect(InPort port) { port_ = port; }
  // Run() stops when `words` words have come in all.
  void StopAt(size_t words) { stop_at_ = words; }
  const std::vector<uint32_t>& words() const { return words_; }
  // AIE cycle of each word's PL transfer.
  const std::vector<Cycles>& times() const { return times_; }
  void Forget() {
    words_.clear();
    times_.clear();
  }

 private:
  Engine* engine_;
  Process* process_;
  InPort port_;
  std::vector<uint32_t> words_;
  std::vector<Cycles> times_;
  size_t stop_at_ = ~size_t{0};
};

}  // namespace emu
}  // namespace recurd

#endif  // RECURD_HW_EMU_ARRAY_H_
