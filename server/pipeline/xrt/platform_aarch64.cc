#include <cstdint>

#include "server/pipeline/xrt/platform.h"

namespace recurd::board {
namespace {

// The smallest line of all data caches: CTR_EL0.DminLine is the logarithm of its words.
size_t LineBytes() {
  uint64_t type;
  asm("mrs %0, ctr_el0" : "=r"(type));
  return size_t{4} << (type >> 16 & 0xf);
}

class Instructions final : public Barrier {
 public:
  // dsb, not dmb: memory and registers are reached by different ways, so a store has to be over, not only first.
  void Release() const override { asm volatile("dsb st" ::: "memory"); }
  void Acquire() const override { asm volatile("dsb ld" ::: "memory"); }
  void Clean(const void* begin, size_t bytes) const override {
    for (uintptr_t line = First(begin); line < End(begin, bytes); line += line_) {
      asm volatile("dc cvac, %0" ::"r"(line) : "memory");
    }
    asm volatile("dsb sy" ::: "memory");
  }
  // Clean and invalidate: the processor's mode for programs has no dc ivac. Lines are clean, so nothing is written.
  void Invalidate(const void* begin, size_t bytes) const override {
    for (uintptr_t line = First(begin); line < End(begin, bytes); line += line_) {
      asm volatile("dc civac, %0" ::"r"(line) : "memory");
    }
    asm volatile("dsb sy" ::: "memory");
  }

 private:
  uintptr_t First(const void* begin) const { return reinterpret_cast<uintptr_t>(begin) & ~(line_ - 1); }
  static uintptr_t End(const void* begin, size_t bytes) { return reinterpret_cast<uintptr_t>(begin) + bytes; }

  const uintptr_t line_ = LineBytes();
};

}  // namespace

std::unique_ptr<Barrier> MakeBarrier() { return std::make_unique<Instructions>(); }

const char* NoBoardHint() {
  return "is the zocl driver loaded (/dev/dri/renderD128), and does XILINX_XRT, /usr if unset, hold "
         "lib/libxrt_core.so.2? A machine without a board serves with --pipeline=cpu or sim";
}

}  // namespace recurd::board
