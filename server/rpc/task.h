#pragma once

#include <coroutine>
#include <exception>
#include <utility>

namespace recurd {

// Coroutines over a completion queue. Rules for all of them: parameters by value or pointer, no capturing lambda is a
// coroutine, and a frame dies only once every operation it started has come back.
// Threads: serving thread only.

// A coroutine that runs until its first wait and then belongs to nobody; its frame frees itself at the end.
struct Detached {
  struct promise_type {  // NOLINT(readability-identifier-naming): the language's name
    Detached get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};

// One operation on the queue; its address is the tag. Remembers having completed if nobody waits yet.
class QueueOp {
 public:
  void Complete(bool ok) {
    ok_ = ok;
    if (waiter_) {
      std::exchange(waiter_, nullptr).resume();  // may destroy this
    } else {
      done_ = true;
    }
  }

  // co_await op: waits for the completion. An operation may be started and awaited again afterwards.
  bool await_ready() { return std::exchange(done_, false); }
  void await_suspend(std::coroutine_handle<> waiter) { waiter_ = waiter; }
  bool await_resume() const { return ok_; }
  // Completed, and nobody has waited for it yet.
  bool completed() const { return done_; }
  void* tag() { return this; }

 private:
  std::coroutine_handle<> waiter_;
  bool ok_ = false;
  bool done_ = false;
};

// co_await Start(f): calls f(tag), which must hand the tag to exactly one queue operation, and waits for it. Value: the
// operation's ok.
template <typename F>
class Start : public QueueOp {
 public:
  explicit Start(F f) : f_(std::move(f)) {}
  void await_suspend(std::coroutine_handle<> waiter) {
    QueueOp::await_suspend(waiter);
    f_(tag());
  }

 private:
  F f_;
};

// Wakes one waiting coroutine, at once and on the caller's stack; remembers being set if nobody waits yet.
class Event {
 public:
  void Set() {
    if (waiter_) {
      std::exchange(waiter_, nullptr).resume();  // may destroy this
    } else {
      set_ = true;
    }
  }
  auto operator co_await() {
    struct Awaiter {
      Event* event;
      bool await_ready() const { return std::exchange(event->set_, false); }
      void await_suspend(std::coroutine_handle<> waiter) const { event->waiter_ = waiter; }
      void await_resume() const {}
    };
    return Awaiter{this};
  }

 private:
  std::coroutine_handle<> waiter_;
  bool set_ = false;
};

}  // namespace recurd
