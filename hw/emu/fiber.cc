#include "hw/emu/fiber.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

#if defined(__SANITIZE_ADDRESS__)
#define RECURD_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RECURD_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define RECURD_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define RECURD_TSAN 1
#endif
#endif
#ifdef RECURD_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef RECURD_TSAN
#include <sanitizer/tsan_interface.h>
#endif

// recurd_switch_stack(save, load): keeps what the ABI says a call preserves on the stack, leaves the stack pointer in
// *save and goes on at `load`. recurd_fiber_start: where a fresh stack begins; its argument stands in a preserved
// register.
extern "C" void recurd_switch_stack(void** save, void* load);
extern "C" void recurd_fiber_start();

#if defined(__x86_64__)
asm(R"(
.text
.globl recurd_switch_stack
.type recurd_switch_stack, @function
recurd_switch_stack:
  .cfi_startproc
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
  .cfi_endproc
.size recurd_switch_stack, .-recurd_switch_stack
.globl recurd_fiber_start
.type recurd_fiber_start, @function
recurd_fiber_start:
  .cfi_startproc
  .cfi_undefined rip
  movq %r12, %rdi
  call *%r13
  ud2
  .cfi_endproc
.size recurd_fiber_start, .-recurd_fiber_start
.section .note.GNU-stack,"",@progbits
.text
)");
#elif defined(__aarch64__)
asm(R"(
.text
.globl recurd_switch_stack
.type recurd_switch_stack, %function
recurd_switch_stack:
  sub sp, sp, #160
  stp x19, x20, [sp, #0]
  stp x21, x22, [sp, #16]
  stp x23, x24, [sp, #32]
  stp x25, x26, [sp, #48]
  stp x27, x28, [sp, #64]
  stp x29, x30, [sp, #80]
  stp d8, d9, [sp, #96]
  stp d10, d11, [sp, #112]
  stp d12, d13, [sp, #128]
  stp d14, d15, [sp, #144]
  mov x9, sp
  str x9, [x0]
  mov sp, x1
  ldp x19, x20, [sp, #0]
  ldp x21, x22, [sp, #16]
  ldp x23, x24, [sp, #32]
  ldp x25, x26, [sp, #48]
  ldp x27, x28, [sp, #64]
  ldp x29, x30, [sp, #80]
  ldp d8, d9, [sp, #96]
  ldp d10, d11, [sp, #112]
  ldp d12, d13, [sp, #128]
  ldp d14, d15, [sp, #144]
  add sp, sp, #160
  ret
.size recurd_switch_stack, .-recurd_switch_stack
.globl recurd_fiber_start
.type recurd_fiber_start, %function
recurd_fiber_start:
  mov x0, x19
  blr x20
  brk #0
.size recurd_fiber_start, .-recurd_fiber_start
.section .note.GNU-stack,"",%progbits
.text
)");
#else
#error "fibers are written for x86-64 and aarch64"
#endif

namespace recurd {
namespace emu {
namespace {

// A stack that recurd_switch_stack can go on at: recurd_fiber_start, with the argument and the function in the
// registers where it looks for them.
void* FreshStack(char* top, void* argument, void (*function)(Fiber*)) {
  void** stack = reinterpret_cast<void**>(top);
#if defined(__x86_64__)
  stack -= 2;  // recurd_fiber_start calls with the stack pointer at a multiple of 16
  *--stack = reinterpret_cast<void*>(&recurd_fiber_start);
  *--stack = nullptr;                            // rbp
  *--stack = nullptr;                            // rbx
  *--stack = argument;                           // r12
  *--stack = reinterpret_cast<void*>(function);  // r13
  *--stack = nullptr;                            // r14
  *--stack = nullptr;                            // r15
#else
  stack -= 20;
  for (int i = 0; i < 20; ++i) stack[i] = nullptr;
  stack[0] = argument;                                       // x19
  stack[1] = reinterpret_cast<void*>(function);              // x20
  stack[11] = reinterpret_cast<void*>(&recurd_fiber_start);  // x30
#endif
  return stack;
}

}  // namespace

size_t DefaultStackBytes() {
#if defined(RECURD_ASAN) || defined(RECURD_TSAN)
  return 256 << 10;
#else
  return 64 << 10;
#endif
}

Fiber::Fiber(std::function<void()> body, size_t stack_bytes) : body_(std::move(body)) {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  mapping_bytes_ = (stack_bytes + page - 1) / page * page + page;  // one page below traps an overflow
  void* memory = mmap(nullptr, mapping_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED || mprotect(memory, page, PROT_NONE) != 0) {
    std::perror("no memory for a fiber's stack");
    std::abort();
  }
  mapping_ = static_cast<char*>(memory);
  own_stack_pointer_ = FreshStack(mapping_ + mapping_bytes_, this, &Fiber::Entry);
#ifdef RECURD_TSAN
  sanitizer_.own_tsan = __tsan_create_fiber(0);
#endif
}

Fiber::~Fiber() {
#ifdef RECURD_ASAN
  __asan_unpoison_memory_region(mapping_, mapping_bytes_);  // another fiber's stack may get these addresses
#endif
#ifdef RECURD_TSAN
  __tsan_destroy_fiber(sanitizer_.own_tsan);
#endif
  munmap(mapping_, mapping_bytes_);
}

void Fiber::Resume() {
#ifdef RECURD_TSAN
  sanitizer_.caller_tsan = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(sanitizer_.own_tsan, 0);
#endif
#ifdef RECURD_ASAN
  __sanitizer_start_switch_fiber(&sanitizer_.caller_fake_stack, mapping_, mapping_bytes_);
#endif
  recurd_switch_stack(&caller_stack_pointer_, own_stack_pointer_);
#ifdef RECURD_ASAN
  __sanitizer_finish_switch_fiber(sanitizer_.caller_fake_stack, nullptr, nullptr);
#endif
}

void Fiber::Suspend() {
#ifdef RECURD_TSAN
  __tsan_switch_to_fiber(sanitizer_.caller_tsan, 0);
#endif
#ifdef RECURD_ASAN
  __sanitizer_start_switch_fiber(done_ ? nullptr : &sanitizer_.own_fake_stack, sanitizer_.caller_stack,
                                 sanitizer_.caller_stack_bytes);
#endif
  recurd_switch_stack(&own_stack_pointer_, caller_stack_pointer_);
#ifdef RECURD_ASAN
  __sanitizer_finish_switch_fiber(sanitizer_.own_fake_stack, &sanitizer_.caller_stack, &sanitizer_.caller_stack_bytes);
#endif
}

void Fiber::Entry(Fiber* self) { self->Run(); }

void Fiber::Run() {
#ifdef RECURD_ASAN
  __sanitizer_finish_switch_fiber(nullptr, &sanitizer_.caller_stack, &sanitizer_.caller_stack_bytes);
#endif
  body_();
  done_ = true;
  Suspend();
}

}  // namespace emu
}  // namespace recurd
