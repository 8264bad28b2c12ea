#pragma once

#include <functional>

#include "server/base/mailbox.h"
#include "server/engine/engine.h"

namespace recurd {

// The admin thread's share of the recovery: takes the engine's events off the serving thread, logs them, and repairs
// the pipeline.
class Repairs {
 public:
  // Before the serving thread starts. serving: of the thread that owns `engine`. wake: called, from the serving thread,
  // when there is something for Work. All must outlive the serving thread.
  Repairs(Engine& engine, Mailbox& serving, std::function<void()> wake);
  Repairs(const Repairs&) = delete;

  // Does what has come up; a repair takes seconds. False once the pipeline is lost: the process must end then.
  // Threads: admin only.
  bool Work();

 private:
  void OnEvent(const RecoveryEvent& event);
  void Repair(const RecoveryEvent& event);

  Engine& engine_;
  Mailbox& serving_;
  Mailbox admin_;
  bool lost_ = false;
};

}  // namespace recurd
