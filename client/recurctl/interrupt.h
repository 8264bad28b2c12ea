#pragma once

#include <atomic>
#include <thread>

namespace recurd {

// Turns the first Ctrl-C (or SIGTERM) into a flag and a descriptor that becomes readable, so that a command can end in
// order and print what it has; a second one ends the process at once.
// Threads: make it before any other thread, which then inherits the blocked signals; Requested any.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();

  bool Requested() const { return requested_.load(std::memory_order_relaxed); }
  // Readable from the request on; never read from it.
  int fd() const { return event_fd_; }

 private:
  void Wait();

  int signal_fd_;
  int event_fd_;
  int stop_fd_;
  std::atomic<bool> requested_{false};
  std::thread thread_;
};

}  // namespace recurd
