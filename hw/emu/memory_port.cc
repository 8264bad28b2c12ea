#include "hw/emu/memory_port.h"

#include <string.h>

#include <algorithm>

namespace recurd {
namespace emu {
namespace {

constexpr size_t kBeatBytes = 4 * hw::kBeatWords;

}  // namespace

void MemoryPort::ReadRequest(uint64_t offset, uint64_t beats) {
  const Cycles ready = t_process->floor + CurrentTiming().memory_read;
  if (beats > 0) reads_.push_back({base_ + offset * kBeatBytes, beats, ready});
}

void MemoryPort::Read(uint32_t (&words)[hw::kBeatWords]) {
  Burst& burst = reads_.front();
  t_process->floor = std::max(t_process->floor, burst.ready);
  AwaitNow();
  const uint8_t* from = memory_->At(burst.address, kBeatBytes);
  memset(words, 0, kBeatBytes);
  if (from != nullptr) memcpy(words, from, kBeatBytes);
  burst.address += kBeatBytes;
  burst.ready += CurrentTiming().pl_clock;
  if (--burst.beats == 0) reads_.pop_front();
}

void MemoryPort::WriteRequest(uint64_t offset, uint64_t beats) {
  writes_.push_back({base_ + offset * kBeatBytes, beats, 0});
}

void MemoryPort::Write(const uint32_t (&words)[hw::kBeatWords]) {
  Burst& burst = writes_.front();
  Flight flight = {burst.address, {}, t_process->floor + CurrentTiming().memory_write};
  memcpy(flight.words, words, kBeatBytes);
  flying_.push_back(flight);
  burst.address += kBeatBytes;
  if (--burst.beats > 0) return;
  responses_.push_back(flight.lands);
  writes_.pop_front();
}

void MemoryPort::WriteResponse() {
  t_process->floor = std::max(t_process->floor, responses_.front());
  responses_.pop_front();
  AwaitNow();
  Land(t_process->floor);
}

void MemoryPort::Land(Cycles now) {
  for (; !flying_.empty() && flying_.front().lands <= now; flying_.pop_front()) {
    uint8_t* to = memory_->At(flying_.front().address, kBeatBytes);
    if (to != nullptr) memcpy(to, flying_.front().words, kBeatBytes);
  }
}

}  // namespace emu
}  // namespace recurd
