#pragma once

#include <map>
#include <string>
#include <vector>

#include "server/rpc/task.h"

namespace recurd {

class RpcServer;

// What grpc.health.v1 answers: "" is the server, then each service and each model by name. It is answered by the
// serving thread itself, so an answer also says that the thread turns. Threads: serving thread only.
class HealthBoard {
 public:
  enum class Status { kUnknownService, kServing, kNotServing };

  void Set(const std::string& service, bool serving);
  // From now on everything is NOT_SERVING, and watchers are told and let go.
  void Drain();
  bool draining() const { return draining_; }
  Status Get(const std::string& service) const;

  // Wakes the event at each change until Forget.
  void Watch(Event* changed) { watchers_.push_back(changed); }
  void Forget(Event* changed) { std::erase(watchers_, changed); }

 private:
  void Notify();

  std::map<std::string, bool> serving_;
  std::vector<Event*> watchers_;
  bool draining_ = false;
};

// Answers Watch calls, always with one pending.
Detached ServeHealthWatch(RpcServer* rpc);
// Answers Check calls, always with one pending.
void ServeHealthCheck(RpcServer* rpc);

}  // namespace recurd
