#ifndef RECURD_HW_EMU_PROCESS_H_
#define RECURD_HW_EMU_PROCESS_H_

#include <stdint.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "hw/config/contract.h"
#include "hw/config/timing.h"
#include "hw/emu/fiber.h"

// What the hot path of the emulator touches: processes, the FIFOs between them, and the scoreboard that gives each
// operation its time. C++14, because the shim's HLS headers include it. Threads: one emulator runs on one thread at a
// time; two emulators share nothing.
namespace recurd {
namespace emu {

using hw::Cycles;

class Engine;
struct Channel;

// A tile, a PL kernel, or an end of the array that a host holds. Its times are its own; it meets others only in
// channels, by the stamps on the words.
struct Process {
  std::string name;
  Engine* engine = nullptr;
  std::unique_ptr<Fiber> fiber;
  bool queued = false;

  // Nothing of what follows in the program starts before `floor`. A tile's compiler overlaps what it can, so only
  // separators and stalls raise it; a PL kernel's is its clock.
  Cycles floor = 0;
  Cycles horizon = 0;  // when all that was started is over
  // Execution units take one operation a cycle.
  Cycles load_unit = 0, store_unit = 0, vector_unit = 0, scalar_unit = 0;
  Cycles scalar_ready = 0;  // of the youngest scalar: scalars carry no time of their own
  Cycles awaited = -1;      // `floor` at its last AwaitNow

  // Where it stands, if it stands: for the report of a deadlock.
  const Channel* blocked_on = nullptr;
  bool blocked_reading = false;
};

// The process that runs on this thread; null outside an emulator's Run.
extern thread_local Process* t_process;

struct Slot {
  uint32_t data = 0;
  bool last = false;
  Cycles written = 0;
  Cycles room = 0;  // when the slowest receiver had room for this word
};

// A stream with one writer and any number of receivers that each see every word. A word leaves the writer only when
// every receiver's route has room for it. `latency` and `capacity` (words) are those of the route.
struct Channel {
  struct Reader {
    int64_t taken = 0;
    Cycles latency = 0;
    int capacity = 0;
    Process* process = nullptr;  // null: a merge
    bool waiting = false;
    int64_t limit() const { return taken + capacity; }
  };

  std::string name, writer_name;
  Engine* engine = nullptr;
  uint32_t mask = 0;
  std::vector<Slot> ring;  // twice the largest capacity, so that `room` of words to come has a place
  std::vector<Reader> readers;
  int64_t written = 0;
  int64_t limit = 0;  // a lower bound of what may have been written in all
  Process* blocked_writer = nullptr;
  int64_t needed = 0;  // the limit that lets the blocked writer go on
  int lagging = 0;     // receivers below it
  bool into_merge = false;
  int packets = 0;  // whole ones that stand in front of a merge

  // Whether there is no room for `words` more.
  bool Full(int words = 1) {
    if (written + words <= limit) return false;
    limit = readers[0].limit();
    for (const Reader& reader : readers) limit = std::min(limit, reader.limit());
    return written + words > limit;
  }
  Slot& At(int64_t index) { return ring[static_cast<uint32_t>(index) & mask]; }
  // The word at `index`, taken at `time`, leaves room on the receiver's route.
  void MakeRoom(const Reader& reader, int64_t index, Cycles time) {
    Slot& slot = At(index + reader.capacity);
    slot.room = std::max(slot.room, time);
  }
  // A receiver takes its next word at `time`. Returns the writer if it can go on now.
  Process* Take(Reader* reader, Cycles time) {
    MakeRoom(*reader, reader->taken++, time);
    if (lagging == 0 || reader->limit() != needed || --lagging > 0) return nullptr;
    Process* writer = blocked_writer;
    blocked_writer = nullptr;
    return writer;
  }
};

// The ends of a channel as a kernel holds them. `clock`: when the port is free again.
struct InPort {
  Channel* channel = nullptr;
  int reader = 0;
  Cycles clock = 0;
};
struct OutPort {
  Channel* channel = nullptr;
  Cycles clock = 0;
  uint32_t packet_id = 0;
};

// Moves `count` words, one a cycle; blocks the fiber. Read returns the time at which the last word is in a register.
// *last: whether the last word read ended a packet (null: not wanted).
Cycles Read(InPort* port, uint32_t* words, int count, bool* last);
// `ready`: when the words are in registers. `last`: the last word ends a packet.
void Write(OutPort* port, const uint32_t* words, int count, Cycles ready, bool last);

// An accumulator of eight words over a cascade, all in one cycle; otherwise as Read and Write.
Cycles ReadCascade(InPort* port, uint32_t (&words)[hw::kLanes]);
void WriteCascade(OutPort* port, const uint32_t (&words)[hw::kLanes], Cycles ready);

// A 128-bit PLIO seen from the PL: a beat of up to four words each PL cycle, cut short by the end of a packet.
// Returns the number of words; moves the process's clock to the PL cycle of the transfer.
int ReadBeat(InPort* port, uint32_t* words, bool* last);
void WriteBeat(OutPort* port, const uint32_t* words, int count, bool last);
// Whether either could go on at once, at the process's clock.
bool BeatWaits(InPort* port);
bool BeatHasRoom(OutPort* port);
// Blocks until whatever happens before the process's clock has happened, and the host's time has come so far
// (Engine::Advance): for what reaches beyond streams, memory, and answers that depend on when they are asked for.
void AwaitNow();
// The next PL cycle begins.
void PlClock();
// What PlClock has counted in this process, in PL cycles.
Cycles PlCycle();

const hw::Timing& CurrentTiming();

// Everything before it ends before anything after it starts.
inline void Separate(Cycles overhead) {
  Process& self = *t_process;
  self.floor = std::max(self.floor, self.horizon) + overhead;
}

// Starts an operation on a unit when its operands are there; returns the cycle.
inline Cycles Issue(Cycles Process::*unit, Cycles operands) {
  Process& self = *t_process;
  const Cycles start = std::max(std::max(self.floor, operands), self.*unit);
  self.*unit = start + 1;
  return start;
}
// The operation's result is there at `ready`.
inline Cycles Finish(Cycles ready) {
  t_process->horizon = std::max(t_process->horizon, ready);
  return ready;
}

}  // namespace emu
}  // namespace recurd

#endif  // RECURD_HW_EMU_PROCESS_H_
