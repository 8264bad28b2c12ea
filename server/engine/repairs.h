#pragma once

#include <cstdint>
#include <functional>
#include <thread>

#include "absl/status/status.h"
#include "server/base/clock.h"
#include "server/base/mailbox.h"
#include "server/base/mutex.h"
#include "server/engine/engine.h"

namespace recurd {

// The admin thread's share of the recovery: takes the engine's events off the serving thread, logs them, and has the
// pipeline repaired on a thread of its own, because a board's driver may never return.
class Repairs {
 public:
  // A board takes seconds to be loaded anew; one that hasn't answered for so long won't.
  static constexpr int64_t kLimitNs = 60'000'000'000;

  // Before the serving thread starts. serving: of the thread that owns `engine`. wake: called, from the serving thread,
  // when there is something for Work. All must outlive the serving thread.
  Repairs(Engine& engine, Mailbox& serving, std::function<void()> wake, int64_t limit_ns = kLimitNs);
  Repairs(const Repairs&) = delete;
  // Waits for the last repair to return. One that was given up may never do: then end the process without this.
  ~Repairs();

  // All below: admin thread only.

  // Does what has come up; gives a repair up whose time is over. False once the pipeline is lost: the process must end.
  bool Work();
  // Time until the next call of Work is due, unless `wake` asks for one before.
  int64_t NsLeft();
  // For the end of the process: takes a repair that is under way for failed, so that every session ends; later events
  // begin none. False if none was under way. Afterwards nothing is posted to the serving thread.
  bool GiveUp();

 private:
  void OnEvent(const RecoveryEvent& event);
  void Begin(const RecoveryEvent& event);
  // Hands the end of the repair to the engine. False if it has got one before.   Threads: any.
  bool Answer(const absl::Status& status);

  Engine& engine_;
  Mailbox& serving_;
  Mailbox admin_;
  const int64_t limit_ns_;
  const SteadyClock clock_;
  bool lost_ = false;
  bool ending_ = false;
  int64_t due_ns_ = 0;  // of the repair that is under way
  std::thread repair_;

  Mutex mutex_;
  bool under_way_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace recurd
