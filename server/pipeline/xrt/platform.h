#pragma once

#include <cstddef>
#include <memory>

namespace recurd::board {

// Orders the processor's memory and the PL's registers, and maintains the caches, without a system call. C++ fences
// order what other cores see; the PL is no core: its masters see memory behind the caches, and its registers are
// another kind of memory, which no fence of the language knows of.
// Source: Arm Architecture Reference Manual for A-profile, B2.3 (barriers) and D7.5 (caches).
class Barrier {
 public:
  virtual ~Barrier() = default;
  // Before the register that tells the PL of data: all earlier writes are where the PL sees them.
  virtual void Release() const = 0;
  // After the register that tells of the PL's data: later reads are not older than it.
  virtual void Acquire() const = 0;
  // Of cacheable memory only. Writes back what the caches hold, before a Release; throws it away, after an Acquire.
  virtual void Clean(const void* begin, size_t bytes) const = 0;
  virtual void Invalidate(const void* begin, size_t bytes) const = 0;
};

// Of the machine that this is built for: one file each. Once a device is open.
std::unique_ptr<Barrier> MakeBarrier();

// What somebody may do who has no board here. The library's own words differ between machines.
const char* NoBoardHint();

}  // namespace recurd::board
