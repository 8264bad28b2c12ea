#pragma once

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "server/session/store/redis_link.h"
#include "tests/unit/fakes/listening_socket.h"

namespace recurd {

// A real Redis on a port of its own, which keeps nothing on disk; ended with this.
class RedisServer {
 public:
  RedisServer() { Start(); }
  ~RedisServer() { Kill(); }
  RedisServer(const RedisServer&) = delete;

  // On the same port as before.
  void Start() {
    if (address_.port == 0) address_ = {"127.0.0.1", static_cast<uint16_t>(ListeningSocket().port())};
    const std::string port = std::to_string(address_.port);
    const char* argv[] = {"redis-server", "--port", port.c_str(), "--bind",    "127.0.0.1",
                          "--save",       "",       "--logfile",  "/dev/null", nullptr};
    if (posix_spawnp(&pid_, argv[0], nullptr, nullptr, const_cast<char**>(argv), environ) != 0) std::abort();
    for (int i = 0; i < 1000 && !RedisLink::Connect(address_, "").ok(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
  void Kill() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  const RedisAddress& address() const { return address_; }
  std::unique_ptr<RedisLink> Connect() const { return *RedisLink::Connect(address_, ""); }

 private:
  RedisAddress address_;
  pid_t pid_ = 0;
};

}  // namespace recurd
