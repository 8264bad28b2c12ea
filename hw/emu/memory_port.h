#ifndef RECURD_HW_EMU_MEMORY_PORT_H_
#define RECURD_HW_EMU_MEMORY_PORT_H_

#include <deque>

#include "hw/emu/process.h"

namespace recurd {
namespace emu {

// Memory as the PL's masters see it. Null where nothing is: the access is then lost, as on a bus.
class BoardMemory {
 public:
  virtual ~BoardMemory() = default;
  virtual uint8_t* At(uint64_t address, size_t bytes) = 0;
};

// A PL kernel's master to memory, in beats from a base address. The first beat of a read comes timing.memory_read after
// its request, the others one a PL cycle; a written beat lands in memory timing.memory_write after it was given, not
// before. Only from inside a process, but for Connect and Land. C++14.
class MemoryPort {
 public:
  void Connect(BoardMemory* memory, uint64_t base) {
    memory_ = memory;
    base_ = base;
  }

  void ReadRequest(uint64_t offset, uint64_t beats);
  void Read(uint32_t (&words)[hw::kBeatWords]);
  void WriteRequest(uint64_t offset, uint64_t beats);
  void Write(const uint32_t (&words)[hw::kBeatWords]);
  // Waits until all of the oldest request has landed.
  void WriteResponse();

  // Whether a request has been written whole and nobody has waited for its answer.
  bool unanswered() const { return !responses_.empty(); }

  // All that is under way and lands until `now` is in memory.
  void Land(Cycles now);

 private:
  struct Burst {
    uint64_t address, beats;
    Cycles ready;
  };
  struct Flight {
    uint64_t address;
    uint32_t words[hw::kBeatWords];
    Cycles lands;
  };

  BoardMemory* memory_ = nullptr;
  uint64_t base_ = 0;
  std::deque<Burst> reads_, writes_;  // writes_: not yet given whole
  std::deque<Flight> flying_;
  std::deque<Cycles> responses_;  // of what was given whole
};

}  // namespace emu
}  // namespace recurd

#endif  // RECURD_HW_EMU_MEMORY_PORT_H_
