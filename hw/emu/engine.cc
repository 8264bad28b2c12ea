#include "hw/emu/engine.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace recurd {
namespace emu {

thread_local Process* t_process = nullptr;

namespace {

size_t RingSize(int capacity) {
  size_t size = 4;
  while (size < 2 * static_cast<size_t>(capacity)) size *= 2;
  return size;
}

// Of the first packet in front of a merge.
int PacketWords(Channel* channel) {
  const int64_t first = channel->readers[0].taken;
  int words = 1;
  while (!channel->At(first + words - 1).last) ++words;
  return words;
}

}  // namespace

Engine::Engine(const hw::Timing& timing, Disturbance disturbance)
    : timing_(timing), disturbance_(disturbance), random_(disturbance.seed * 2 + 1) {}

Engine::~Engine() = default;

Process* Engine::AddProcess(std::string name, std::function<void()> body) {
  auto process = std::make_unique<Process>();
  process->name = std::move(name);
  process->engine = this;
  process->fiber = std::make_unique<Fiber>(std::move(body), DefaultStackBytes());
  processes_.push_back(std::move(process));
  Wake(processes_.back().get());
  return processes_.back().get();
}

Channel* Engine::AddChannel(std::string name, std::string writer) {
  auto channel = std::make_unique<Channel>();
  channel->name = std::move(name);
  channel->writer_name = std::move(writer);
  channel->engine = this;
  channels_.push_back(std::move(channel));
  return channels_.back().get();
}

InPort Engine::AddReader(Channel* channel, Process* process, Cycles latency, int capacity) {
  channel->readers.push_back({0, latency, capacity, process, false});
  channel->ring.resize(std::max(channel->ring.size(), RingSize(capacity)));
  channel->mask = static_cast<uint32_t>(channel->ring.size()) - 1;
  channel->into_merge = process == nullptr;
  InPort port;
  port.channel = channel;
  port.reader = static_cast<int>(channel->readers.size()) - 1;
  return port;
}

void Engine::AddMerge(Merge merge) { merges_.push_back(std::move(merge)); }

void Engine::Wake(Process* process) {
  if (process->queued) return;
  process->queued = true;
  next_runnable_.push_back(process);
}

void Engine::Block(Process* self, const Channel* channel, bool reading) {
  self->blocked_on = channel;
  self->blocked_reading = reading;
  self->fiber->Suspend();
  self->blocked_on = nullptr;
}

void Engine::AwaitTurn(Process* self) {
  turns_.push_back(self);
  self->fiber->Suspend();
}

bool Engine::TakeTurn() {
  const auto first = std::min_element(turns_.begin(), turns_.end(),
                                      [](const Process* a, const Process* b) { return a->floor < b->floor; });
  if (first == turns_.end() || (*first)->floor > now_) return false;
  Wake(*first);
  turns_.erase(first);
  return true;
}

Cycles Engine::Delay() {
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  if ((random_ >> 20) % static_cast<uint64_t>(disturbance_.one_in) != 0) return 0;
  return static_cast<Cycles>((random_ >> 40) % static_cast<uint64_t>(disturbance_.most_cycles + 1));
}

bool Engine::Run() {
  stopped_ = false;
  Process* const outer = t_process;
  for (;;) {
    while (!next_runnable_.empty()) {
      runnable_.swap(next_runnable_);
      for (size_t i = 0; i < runnable_.size(); ++i) {
        Process* process = runnable_[i];
        process->queued = false;
        if (process->fiber->done()) continue;
        t_process = process;
        ++switches_;
        process->fiber->Resume();
        if (!stopped_) continue;
        for (size_t rest = i + 1; rest < runnable_.size(); ++rest) next_runnable_.push_back(runnable_[rest]);
        runnable_.clear();
        t_process = outer;
        return true;
      }
      runnable_.clear();
    }
    if (!FireMerges() && !TakeTurn()) break;
  }
  t_process = outer;
  return false;
}

Engine::Candidate Engine::Next(const Merge& merge) const {
  Candidate best;
  for (size_t turn = 0; turn < merge.inputs.size(); ++turn) {
    const size_t input = (merge.next + turn) % merge.inputs.size();
    Channel& channel = *merge.inputs[input].channel;
    if (channel.packets == 0) continue;
    const Channel::Reader& reader = channel.readers[0];
    const Cycles arrival = channel.At(reader.taken).written + reader.latency;
    const Cycles time = std::max(arrival, merge.output.clock);
    if (best.input < 0 || time < best.time) best = {static_cast<int>(input), time};
  }
  return best;
}

void Engine::Forward(Merge* merge, Candidate candidate) {
  Channel& from = *merge->inputs[candidate.input].channel;
  Channel& to = *merge->output.channel;
  Channel::Reader& reader = from.readers[0];
  Cycles time = candidate.time;
  for (bool last = false; !last; ++time) {
    Slot& word = from.At(reader.taken);
    time = std::max(time, word.written + reader.latency);
    Slot& slot = to.At(to.written++);
    time = std::max(time, slot.room);
    slot.data = word.data;
    slot.last = last = word.last;
    slot.written = time;
    if (Process* writer = from.Take(&reader, time)) Wake(writer);
  }
  --from.packets;
  if (to.into_merge) ++to.packets;
  merge->output.clock = time;
  merge->next = (candidate.input + 1) % merge->inputs.size();
  for (Channel::Reader& receiver : to.readers) {
    if (!receiver.waiting) continue;
    receiver.waiting = false;
    Wake(receiver.process);
  }
}

// Nothing can run. What a forwarded packet sets off, be it only that its sender has room again, comes back through a
// switch at least, so whatever arrives within that time is already here.
bool Engine::FireMerges() {
  Cycles first = std::numeric_limits<Cycles>::max();
  ready_.clear();
  for (Merge& merge : merges_) {
    const Candidate candidate = Next(merge);
    if (candidate.input < 0) continue;
    Channel& from = *merge.inputs[candidate.input].channel;
    if (merge.output.channel->Full(PacketWords(&from))) continue;
    first = std::min(first, candidate.time);
    ready_.emplace_back(&merge, candidate);
  }
  for (const auto& [merge, candidate] : ready_) {
    if (candidate.time < first + std::max<Cycles>(timing_.switch_hop, 1)) Forward(merge, candidate);
  }
  return !ready_.empty();
}

std::string Engine::Waiting() const {
  std::string text;
  for (const auto& process : processes_) {
    const Channel* channel = process->blocked_on;
    if (channel == nullptr) continue;
    text += process->name + " waits ";
    if (process->blocked_reading) {
      text += "for " + channel->writer_name + " to write " + channel->name + "\n";
      continue;
    }
    text += "to write " + channel->name + ", full since ";
    int more = -1;
    for (const Channel::Reader& reader : channel->readers) {
      if (reader.limit() >= channel->needed) continue;
      if (more++ < 0) text += reader.process == nullptr ? "a merge" : reader.process->name;
    }
    text += (more > 0 ? " and " + std::to_string(more) + " more" : std::string()) + " stopped reading\n";
  }
  return text;
}

}  // namespace emu
}  // namespace recurd
