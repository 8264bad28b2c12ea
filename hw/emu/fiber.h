#ifndef RECURD_HW_EMU_FIBER_H_
#define RECURD_HW_EMU_FIBER_H_

#include <stddef.h>

#include <functional>

namespace recurd {
namespace emu {

// A function with a stack of its own that can stop anywhere and go on later: kernels block inside ordinary calls, so
// nothing less than a whole stack will do. x86-64 and aarch64; known to ASan and TSan.
// Threads: a fiber runs on the thread that resumes it, and stays with it. A fiber destroyed before its end isn't
// unwound: what it holds on its stack must not own anything.
class Fiber {
 public:
  Fiber(std::function<void()> body, size_t stack_bytes);
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // Runs the body until it suspends or ends. Not from inside a fiber, and not once it is done.
  void Resume();
  // Back to whoever resumed. Only from inside this fiber.
  void Suspend();
  bool done() const { return done_; }

 private:
  static void Entry(Fiber* self);
  void Run();

  std::function<void()> body_;
  char* mapping_;
  size_t mapping_bytes_;
  void* own_stack_pointer_;
  void* caller_stack_pointer_ = nullptr;
  bool done_ = false;
  // What the sanitizers want to know.
  struct Sanitizer {
    void* own_fake_stack = nullptr;
    void* caller_fake_stack = nullptr;
    const void* caller_stack = nullptr;
    size_t caller_stack_bytes = 0;
    void* own_tsan = nullptr;
    void* caller_tsan = nullptr;
  };
  [[gnu::unused]] Sanitizer sanitizer_;
};

// Enough for a kernel, with the room that a sanitizer's frames take.
size_t DefaultStackBytes();

}  // namespace emu
}  // namespace recurd

#endif  // RECURD_HW_EMU_FIBER_H_
