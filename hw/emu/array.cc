#include "hw/emu/array.h"

#include <algorithm>
#include <set>
#include <utility>

#include "hw/config/contract.h"
#include "hw/config/geometry.h"

namespace recurd {
namespace emu {
namespace {

constexpr uint32_t kPacketIdMask = hw::kMergeWays - 1;

bool IsPlio(const Node& node) { return node.kind == Node::Kind::kPlioIn || node.kind == Node::Kind::kPlioOut; }

int OutCount(const Node& node) { return node.kind == Node::Kind::kPlioIn ? 1 : static_cast<int>(node.outs.size()); }
int InCount(const Node& node) { return node.kind == Node::Kind::kPlioOut ? 1 : static_cast<int>(node.ins.size()); }

void RunSplit(InPort* in, OutPort* const (&outs)[hw::kMergeWays]) {
  for (;;) {
    uint32_t word;
    bool last = false;
    Cycles ready = Read(in, &word, 1, &last);
    OutPort* out = outs[word & kPacketIdMask];
    Write(out, &word, 1, ready, last);
    while (!last) {
      ready = Read(in, &word, 1, &last);
      Write(out, &word, 1, ready, last);
    }
  }
}

}  // namespace

std::string Describe(const Node& node) {
  if (!node.name.empty()) return node.name;
  const char* what = node.kind == Node::Kind::kMerge ? "merge" : node.kind == Node::Kind::kSplit ? "split" : "kernel";
  return (node.source.empty() ? what : node.source) + "@(" + std::to_string(node.column) + "," +
         std::to_string(node.row) + ")";
}

// A cascade is a wire between two tiles: it joins two cascade ports, and nothing else reaches them.
absl::Status Array::CheckCascade(const Edge& edge) const {
  const bool leaves = edge.from->kind == Node::Kind::kKernel && edge.from->outs[edge.out].kind == PortKind::kCascade;
  const bool arrives = edge.to->kind == Node::Kind::kKernel && edge.to->ins[edge.in].kind == PortKind::kCascade;
  const std::string names = "the net from " + Describe(*edge.from) + " to " + Describe(*edge.to);
  if (leaves != arrives || leaves != (edge.kind == PortKind::kCascade)) {
    return absl::InvalidArgumentError(names + " joins a cascade to something else; use connect<cascade> on both ends");
  }
  const bool placed = edge.from->column >= 0 && edge.to->column >= 0;
  if (leaves && placed && !(hw::CascadeNext(PlaceOf(*edge.from)) == PlaceOf(*edge.to))) {
    return absl::InvalidArgumentError(names +
                                      " is a cascade, but reaches only the next tile: to the east in even rows, "
                                      "to the west in odd ones");
  }
  return absl::OkStatus();
}

absl::Status Array::Check() const {
  std::set<Port> driven, driving;
  std::set<std::string> names;
  for (const auto& edge : graph_.edges) {
    const bool exists =
        edge->in < InCount(*edge->to) && (edge->kind == PortKind::kParameter || edge->out < OutCount(*edge->from));
    if (!exists) {
      return absl::InvalidArgumentError("a net from " + Describe(*edge->from) + " to " + Describe(*edge->to) +
                                        " names a port that does not exist; count the kernel's parameters");
    }
    if (!driven.insert({edge->to, edge->in}).second) {
      return absl::InvalidArgumentError("input " + std::to_string(edge->in) + " of " + Describe(*edge->to) +
                                        " is driven twice; streams join only in a pktmerge");
    }
    driving.insert({edge->from, edge->out});
    if (absl::Status status = CheckCascade(*edge); !status.ok()) return status;
  }
  for (const auto& node : graph_.nodes) {
    if (IsPlio(*node) && !names.insert(node->name).second) {
      return absl::InvalidArgumentError("two PLIOs are called " + node->name + "; names must differ");
    }
    for (int in = 0; in < InCount(*node); ++in) {
      if (driven.count({node.get(), in}) == 0) {
        return absl::InvalidArgumentError("input " + std::to_string(in) + " of " + Describe(*node) + " has no net");
      }
    }
    for (int out = 0; out < OutCount(*node); ++out) {
      if (driving.count({node.get(), out}) == 0) {
        return absl::InvalidArgumentError("output " + std::to_string(out) + " of " + Describe(*node) + " has no net");
      }
    }
  }
  return absl::OkStatus();
}

// A merge or split that isn't placed stands with the kernel or PLIO that feeds its first input.
hw::Place Array::PlaceOf(const Node& node) const {
  if (IsPlio(node)) return {std::max(node.column, 0), -1};
  if (node.kind == Node::Kind::kKernel || node.column >= 0) return {std::max(node.column, 0), std::max(node.row, 0)};
  for (const auto& edge : graph_.edges) {
    if (edge->to == &node && edge->in == 0) return PlaceOf(*edge->from);
  }
  return {0, 0};
}

absl::Status Array::Elaborate() {
  if (absl::Status status = Check(); !status.ok()) return status;
  for (const auto& node : graph_.nodes) AddProcess(*node);
  for (const auto& node : graph_.nodes) {
    if (node->kind == Node::Kind::kParameterPort) continue;
    for (int out = 0; out < OutCount(*node); ++out) AddNet(*node, out);
  }
  for (const auto& node : graph_.nodes) {
    if (node->kind == Node::Kind::kMerge) AddMerge(*node);
  }
  return absl::OkStatus();
}

void Array::Start() {
  started_ = true;
  TryInvoke();
}

void Array::TryInvoke() {
  for (Process* process : not_invoked_) engine_->Wake(process);
  not_invoked_.clear();
}

void Array::AwaitInvocation(const Node& node) {
  const auto given = [&] {
    return std::all_of(node.parameters.begin(), node.parameters.end(),
                       [](const auto& parameter) { return parameter == nullptr || parameter->given; });
  };
  while (held_ && !(started_ && given())) {
    not_invoked_.push_back(t_process);
    t_process->fiber->Suspend();
    t_process->floor = engine_->now();
  }
}

void Array::AddProcess(const Node& node) {
  if (node.kind == Node::Kind::kKernel) {
    KernelInstance* kernel = (kernels_[&node] = node.instantiate(node)).get();
    processes_[&node] = engine_->AddProcess(Describe(node), [this, kernel, &node] {
      AwaitInvocation(node);
      for (;;) {
        kernel->Invoke();
        Separate(CurrentTiming().invocation);
      }
    });
  }
  if (node.kind == Node::Kind::kSplit) {
    processes_[&node] = engine_->AddProcess(Describe(node), [this, &node] {
      OutPort* outs[hw::kMergeWays];
      for (int id = 0; id < hw::kMergeWays; ++id) outs[id] = &packet_outs_[{&node, id < node.ways ? id : 0}];
      RunSplit(&packet_ins_[{&node, 0}], outs);
    });
  }
}

void Array::AddNet(const Node& from, int out) {
  Channel* channel = engine_->AddChannel("stream " + std::to_string(out) + " of " + Describe(from), Describe(from));
  for (const auto& edge : graph_.edges) {
    if (edge->from == &from && edge->out == out) Receive(*edge, channel);
  }
  if (from.kind == Node::Kind::kPlioIn) {
    plio_ins_[from.name] = channel;
    return;
  }
  OutPort* port = from.kind == Node::Kind::kKernel ? kernels_[&from]->out(out) : &packet_outs_[{&from, out}];
  port->channel = channel;
}

// A route has the buffers of its switches, of the ports at its ends, and of the clock crossing.
void Array::Receive(const Edge& edge, Channel* channel) {
  const hw::Timing& timing = engine_->timing();
  const bool from_pl = edge.from->kind == Node::Kind::kPlioIn, to_pl = edge.to->kind == Node::Kind::kPlioOut;
  if (edge.kind == PortKind::kCascade) {
    const int capacity = static_cast<int>(timing.cascade_fifo * hw::kLanes);
    *kernels_[edge.to]->in(edge.in) =
        engine_->AddReader(channel, processes_[edge.to], timing.cascade_latency, capacity);
    return;
  }
  const int hops = hw::Hops(PlaceOf(*edge.from), PlaceOf(*edge.to));
  const Cycles latency = hops * timing.switch_hop + (from_pl ? timing.cdc_to_aie : 0) + (to_pl ? timing.cdc_to_pl : 0);
  const int capacity = static_cast<int>(hops * timing.switch_fifo + 2 * timing.port_fifo + edge.fifo_depth +
                                        (from_pl || to_pl ? timing.cdc_fifo : 0));
  if (to_pl) {
    plio_outs_[edge.to->name] = {channel, latency, capacity};
    return;
  }
  const bool merges = edge.to->kind == Node::Kind::kMerge;
  const InPort port = engine_->AddReader(channel, merges ? nullptr : processes_[edge.to], latency, capacity);
  if (edge.to->kind == Node::Kind::kKernel) {
    *kernels_[edge.to]->in(edge.in) = port;
  } else {
    packet_ins_[{edge.to, edge.in}] = port;
  }
  if (merges && edge.from->kind == Node::Kind::kKernel) kernels_[edge.from]->out(edge.out)->packet_id = edge.in;
}

void Array::AddMerge(const Node& node) {
  Merge merge;
  merge.name = Describe(node);
  for (int way = 0; way < node.ways; ++way) merge.inputs.push_back(packet_ins_[{&node, way}]);
  merge.output = packet_outs_[{&node, 0}];
  engine_->AddMerge(std::move(merge));
}

OutPort Array::PlWrites(const std::string& plio) {
  OutPort port;
  port.channel = plio_ins_.at(plio);
  return port;
}

InPort Array::PlReads(const std::string& plio, Process* reader) {
  const Open& open = plio_outs_.at(plio);
  return engine_->AddReader(open.channel, reader, open.latency, open.capacity);
}

HostSource::HostSource(Engine* engine, const std::string& name) : engine_(engine) {
  channel_ = engine->AddChannel(name, name);
  out_.channel = channel_;
  process_ = engine->AddProcess(name, [this] {
    for (;;) {
      while (next_ < words_.size()) {
        uint32_t beat[4];  // Give() may move words_ while WriteBeat waits
        std::copy_n(words_.begin() + static_cast<std::ptrdiff_t>(next_), 4, beat);
        next_ += 4;
        WriteBeat(&out_, beat, 4, false);
      }
      words_.clear();
      next_ = 0;
      process_->fiber->Suspend();
    }
  });
}

void HostSource::Give(const std::vector<uint32_t>& words) {
  words_.insert(words_.end(), words.begin(), words.end());
  engine_->Wake(process_);
}

HostSink::HostSink(Engine* engine, const std::string& name) : engine_(engine) {
  process_ = engine->AddProcess(name, [this] {
    for (;;) {
      uint32_t beat[4];
      bool last;
      const int count = ReadBeat(&port_, beat, &last);
      words_.insert(words_.end(), beat, beat + count);
      times_.insert(times_.end(), count, process_->floor);
      if (words_.size() >= stop_at_) engine_->Stop();
    }
  });
}

}  // namespace emu
}  // namespace recurd
