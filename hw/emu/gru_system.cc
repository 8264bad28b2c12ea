#include "hw/emu/gru_system.h"

#include <string.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace recurd {
namespace emu {
namespace {

constexpr int kPlFifoWords = 64;  // 16 beats, the default depth of a v++ stream connection

}  // namespace

absl::Status GruSystem::Elaborate() {
  array_ = std::make_unique<Array>(nodes(), &engine_);
  return array_->Elaborate();
}

absl::Status GruSystem::RunUntil(size_t words) {
  HostSink& y = host().y;
  y.StopAt(words);
  while (y.words().size() < words) {
    if (engine_.Run()) continue;
    return absl::InternalError("the array stands still after " + std::to_string(y.words().size()) + " of " +
                               std::to_string(words) + " words:\n" + engine_.Waiting());
  }
  y.StopAt(~size_t{0});
  return absl::OkStatus();
}

GruSystem::Host& GruSystem::host() {
  if (host_ != nullptr) return *host_;
  host_ = std::make_unique<Host>(&engine_);
  *commands_.port = engine_.AddReader(host_->source.channel(), commands_.process, 0, kPlFifoWords);
  InPort port;
  JoinResults(host_->y.process(), &port);
  host_->y.Connect(port);
  return *host_;
}

void GruSystem::JoinEnds(Process* writer, OutPort* commands, Process* reader, InPort* results) {
  ConnectFifo("commands", writer, commands, commands_.process, commands_.port);
  JoinResults(reader, results);
}

void GruSystem::JoinResults(Process* reader, InPort* to) {
  if (results_.process == nullptr) {
    *to = array_->PlReads("y", reader);
  } else {
    ConnectFifo("y", results_.process, results_.port, reader, to);
  }
}

void GruSystem::ConnectFifo(const std::string& name, Process* writer, OutPort* from, Process* reader, InPort* to) {
  Channel* channel = engine_.AddChannel(name, writer->name);
  from->channel = channel;
  *to = engine_.AddReader(channel, reader, engine_.timing().pl_clock, kPlFifoWords);
}

std::vector<GruSystem::Parameter> GruSystem::Parameters(const std::vector<GruWeights>& sets) const {
  return Whole(PortValues(sets));
}

std::vector<GruSystem::Parameter> GruSystem::Whole(std::vector<Parameter> parameters) const {
  for (Parameter& parameter : parameters) {
    const Edge* edge = EdgesOf(parameter.port).front();
    const PortInfo& port = edge->to->ins[edge->in];
    parameter.words.resize(port.words);
    parameter.once = port.single;
  }
  return parameters;
}

void GruSystem::SetWeights(const std::vector<GruWeights>& sets) { Update(Parameters(sets)); }

void GruSystem::Update(const std::vector<Parameter>& parameters) {
  for (const Parameter& parameter : parameters) {
    if (UpdateParameter(parameter.port, parameter.words.data(), 4 * parameter.words.size())) continue;
    std::fprintf(stderr, "no port is called %s, or it takes another size\n", parameter.port.c_str());
    std::abort();
  }
}

bool GruSystem::UpdateParameter(const std::string& port, const void* value, size_t bytes) {
  const std::vector<const Edge*> edges = EdgesOf(port);
  for (const Edge* edge : edges) {
    emu::Parameter& parameter = *edge->to->parameters[edge->in];
    if (bytes != 4 * parameter.latest.size()) return false;
    memcpy(parameter.latest.data(), value, bytes);
    parameter.written = parameter.given = true;
  }
  array_->TryInvoke();
  return !edges.empty();
}

std::vector<const Edge*> GruSystem::EdgesOf(const std::string& port) const {
  if (parameter_edges_.empty()) {
    for (const auto& edge : nodes().edges) {
      if (edge->kind == PortKind::kParameter) parameter_edges_[edge->from->name].push_back(edge.get());
    }
  }
  const auto found = parameter_edges_.find(port);
  return found == parameter_edges_.end() ? std::vector<const Edge*>() : found->second;
}

}  // namespace emu
}  // namespace recurd
