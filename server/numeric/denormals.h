#pragma once

#include <cstdint>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace recurd {

// While it lives, its thread's floating point flushes denormals to zero, inputs and results alike (the numerics profile
// says so); the thread's former mode comes back after. Costs two register reads if the mode was set already.
// Threads: affects the one that makes it; destroy it there.
class ScopedFlushToZero {
 public:
  ScopedFlushToZero() : former_(Read()) {
    if ((former_ & kFlush) != kFlush) Write(former_ | kFlush);
  }
  ~ScopedFlushToZero() {
    if ((former_ & kFlush) != kFlush) Write(former_);
  }
  ScopedFlushToZero(const ScopedFlushToZero&) = delete;
  ScopedFlushToZero& operator=(const ScopedFlushToZero&) = delete;

 private:
  using Word = uint64_t;
#if defined(__x86_64__)
  static constexpr Word kFlush = 0x8040;  // MXCSR: FTZ is bit 15, DAZ bit 6
  static Word Read() { return _mm_getcsr(); }
  static void Write(Word word) { _mm_setcsr(static_cast<unsigned>(word)); }
#elif defined(__aarch64__)
  static constexpr Word kFlush = Word{1} << 24;  // FPCR.FZ
  static Word Read() {
    Word word;
    asm volatile("mrs %0, fpcr" : "=r"(word));
    return word;
  }
  static void Write(Word word) { asm volatile("msr fpcr, %0" : : "r"(word) : "memory"); }
#else
#error "say here how this architecture flushes denormals to zero"
#endif

  const Word former_;
};

}  // namespace recurd
