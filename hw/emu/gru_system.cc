#include "hw/emu/gru_system.h"

namespace recurd {
namespace emu {

absl::Status GruSystem::RunUntil(size_t words) {
  y_.StopAt(words);
  while (y_.words().size() < words) {
    if (engine_.Run()) continue;
    return absl::InternalError("the array stands still after " + std::to_string(y_.words().size()) + " of " +
                               std::to_string(words) + " words:\n" + engine_.Waiting());
  }
  y_.StopAt(~size_t{0});
  return absl::OkStatus();
}

absl::Status GruSystem::ElaborateGraph() {
  array_ = std::make_unique<Array>(nodes(), &engine_);
  return array_->Elaborate();
}

absl::Status GruSystem::Elaborate() {
  if (absl::Status status = ElaborateGraph(); !status.ok()) return status;
  y_.Connect(array_->PlReads("y", y_.process()));
  return absl::OkStatus();
}

void GruSystem::ConnectResults(Process* writer, OutPort* from) {
  InPort port;
  ConnectFifo("y", writer, from, y_.process(), &port);
  y_.Connect(port);
}

void GruSystem::ConnectFifo(const std::string& name, Process* writer, OutPort* from, Process* reader, InPort* to) {
  Channel* channel = engine_.AddChannel(name, writer->name);
  from->channel = channel;
  *to = engine_.AddReader(channel, reader, engine_.timing().pl_clock, kPlFifoWords);
}

}  // namespace emu
}  // namespace recurd
