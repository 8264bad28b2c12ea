#include "hw/emu/engine.h"
#include "hw/emu/process.h"

namespace recurd {
namespace emu {
namespace {

void WakeReaders(Channel* channel) {
  for (Channel::Reader& reader : channel->readers) {
    if (!reader.waiting) continue;
    reader.waiting = false;
    channel->engine->Wake(reader.process);
  }
}

// Blocks until the next word stands in front of the receiver.
Slot& Await(Process* self, Channel* channel, Channel::Reader* reader) {
  while (reader->taken >= channel->written) {
    reader->waiting = true;
    channel->engine->Block(self, channel, true);
  }
  return channel->At(reader->taken);
}

void Take(Channel* channel, Channel::Reader* reader, Cycles time) {
  if (Process* writer = channel->Take(reader, time)) channel->engine->Wake(writer);
}

// Blocks until there is room for a word; returns when it came to be there.
Cycles AwaitRoom(Process* self, Channel* channel) {
  while (channel->Full()) {
    WakeReaders(channel);
    channel->needed = channel->written + 1;
    channel->lagging = 0;
    for (const Channel::Reader& reader : channel->readers) channel->lagging += reader.limit() < channel->needed;
    channel->blocked_writer = self;
    channel->engine->Block(self, channel, false);
  }
  return channel->At(channel->written).room;
}

void Put(Channel* channel, uint32_t word, bool last, Cycles time) {
  Slot& slot = channel->At(channel->written++);
  slot.data = word;
  slot.last = last;
  slot.written = time;
  if (last && channel->into_merge) ++channel->packets;
}

Cycles RoundUp(Cycles time, Cycles clock) { return (time + clock - 1) / clock * clock; }

}  // namespace

const hw::Timing& CurrentTiming() { return t_process->engine->timing(); }

Cycles Read(InPort* port, uint32_t* words, int count, bool* last) {
  Process& self = *t_process;
  Channel& channel = *port->channel;
  Channel::Reader& reader = channel.readers[port->reader];
  if (self.engine->disturbed()) port->clock = std::max(port->clock, self.floor) + self.engine->Delay();
  for (int i = 0; i < count; ++i) {
    Slot& slot = Await(&self, &channel, &reader);
    const Cycles time = std::max(std::max(self.floor, port->clock), slot.written + reader.latency);
    words[i] = slot.data;
    if (last != nullptr) *last = slot.last;
    Take(&channel, &reader, time);
    port->clock = time + 1;
  }
  return Finish(port->clock);
}

void Write(OutPort* port, const uint32_t* words, int count, Cycles ready, bool last) {
  Process& self = *t_process;
  Channel& channel = *port->channel;
  if (self.engine->disturbed()) port->clock = std::max(port->clock, self.floor) + self.engine->Delay();
  for (int i = 0; i < count; ++i) {
    const Cycles wanted = std::max(std::max(self.floor, port->clock), ready);
    const Cycles room = AwaitRoom(&self, &channel);
    if (room > wanted) self.floor = std::max(self.floor, room);  // the core stands still
    const Cycles time = std::max(wanted, room);
    Put(&channel, words[i], last && i == count - 1, time);
    port->clock = time + 1;
  }
  Finish(port->clock);
  WakeReaders(&channel);
}

Cycles ReadCascade(InPort* port, uint32_t (&words)[hw::kLanes]) {
  Process& self = *t_process;
  Channel& channel = *port->channel;
  Channel::Reader& reader = channel.readers[port->reader];
  if (self.engine->disturbed()) port->clock = std::max(port->clock, self.floor) + self.engine->Delay();
  Cycles time = 0;
  for (uint32_t& word : words) {
    Slot& slot = Await(&self, &channel, &reader);
    time = std::max(std::max(self.floor, port->clock), slot.written + reader.latency);
    word = slot.data;
    Take(&channel, &reader, time);
  }
  port->clock = time + 1;
  return Finish(port->clock);
}

void WriteCascade(OutPort* port, const uint32_t (&words)[hw::kLanes], Cycles ready) {
  Process& self = *t_process;
  Channel& channel = *port->channel;
  if (self.engine->disturbed()) port->clock = std::max(port->clock, self.floor) + self.engine->Delay();
  Cycles time = std::max(std::max(self.floor, port->clock), ready);
  for (const uint32_t word : words) {
    const Cycles room = AwaitRoom(&self, &channel);
    if (room > time) self.floor = time = room;  // the core stands still
    Put(&channel, word, false, time);
  }
  port->clock = time + 1;
  Finish(port->clock);
  WakeReaders(&channel);
}

int ReadBeat(InPort* port, uint32_t* words, bool* last) {
  Process& self = *t_process;
  Channel& channel = *port->channel;
  Channel::Reader& reader = channel.readers[port->reader];
  const Cycles clock = self.engine->timing().pl_clock;
  if (self.engine->disturbed()) port->clock = std::max(port->clock, self.floor) + self.engine->Delay();
  const int64_t first = reader.taken;
  int count = 0;
  Cycles arrival = 0;
  for (*last = false; count < 4 && !*last; ++count) {
    Slot& slot = Await(&self, &channel, &reader);
    words[count] = slot.data;
    *last = slot.last;
    arrival = slot.written + reader.latency;
    Take(&channel, &reader, arrival);
  }
  const Cycles time = RoundUp(std::max(std::max(self.floor, port->clock), arrival), clock);
  for (int i = 0; i < count; ++i) channel.MakeRoom(reader, first + i, time);
  port->clock = time + clock;
  self.floor = Finish(time);
  return count;
}

void WriteBeat(OutPort* port, const uint32_t* words, int count, bool last) {
  Process& self = *t_process;
  Channel& channel = *port->channel;
  const Cycles clock = self.engine->timing().pl_clock;
  if (self.engine->disturbed()) port->clock = std::max(port->clock, self.floor) + self.engine->Delay();
  Cycles time = RoundUp(std::max(self.floor, port->clock), clock);
  for (int i = 0; i < count; ++i) {
    const Cycles room = AwaitRoom(&self, &channel);
    if (room > time + i) time = RoundUp(room - i, clock);
    Put(&channel, words[i], last && i == count - 1, time + i);
  }
  port->clock = time + clock;
  self.floor = Finish(time);
  WakeReaders(&channel);
}

bool BeatWaits(InPort* port) {
  AwaitNow();
  Channel& channel = *port->channel;
  const Channel::Reader& reader = channel.readers[port->reader];
  bool last = false;
  for (int i = 0; i < hw::kBeatWords && !last; ++i) {
    if (reader.taken + i >= channel.written) return false;
    const Slot& slot = channel.At(reader.taken + i);
    if (slot.written + reader.latency > t_process->floor) return false;
    last = slot.last;
  }
  return true;
}

bool BeatHasRoom(OutPort* port) {
  AwaitNow();
  Channel& channel = *port->channel;
  if (channel.Full(hw::kBeatWords)) return false;
  return channel.At(channel.written + hw::kBeatWords - 1).room <= t_process->floor;
}

void AwaitNow() {
  Process& self = *t_process;
  if (self.awaited >= self.floor) return;
  self.awaited = self.floor;
  self.engine->AwaitTurn(&self);
}

void PlClock() { t_process->floor += CurrentTiming().pl_clock; }

Cycles PlCycle() { return t_process->floor / CurrentTiming().pl_clock; }

}  // namespace emu
}  // namespace recurd
