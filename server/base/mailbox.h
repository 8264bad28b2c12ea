#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "server/base/mutex.h"

namespace recurd {

// Hands owned work from any thread to the one thread that drains it, in order.
// The receiver is woken through `wake`, called outside the lock after each Post; it must be callable from any thread.
// Not for the hot path: it locks and allocates.
class Mailbox {
 public:
  using Message = std::function<void()>;

  explicit Mailbox(std::function<void()> wake) : wake_(std::move(wake)) {}

  void Post(Message message) {
    {
      MutexLock lock(mutex_);
      messages_.push_back(std::move(message));
    }
    wake_();
  }

  // Runs everything posted so far. Receiver's thread only.
  void Drain() {
    std::vector<Message> messages;
    {
      MutexLock lock(mutex_);
      messages.swap(messages_);
    }
    for (Message& message : messages) message();
  }

 private:
  const std::function<void()> wake_;
  Mutex mutex_;
  std::vector<Message> messages_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace recurd
