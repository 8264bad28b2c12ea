#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace recurd {

// A TCP proxy on loopback whose connections can be made to fail as networks make them. Each connection has a thread.
class TcpProxy {
 public:
  // Forwards to 127.0.0.1:`port`. Aborts if it can't listen.
  explicit TcpProxy(int port);
  ~TcpProxy();
  TcpProxy(const TcpProxy&) = delete;

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  int accepted() const { return accepted_; }

  // Resets every connection that stands; new ones are forwarded as before.
  void CutAll() { ++cut_up_to_; }
  // Every connection that stands forwards nothing any more, in either direction, and is not closed: as behind a network
  // that has gone away. New ones are forwarded as before.
  void StallAll() { ++stalled_up_to_; }

 private:
  struct Pair {
    int client, server;
    int cut_at, stalled_at;  // what the two counters were when it was accepted
  };
  void Accept();
  void Forward(Pair pair);

  const int target_port_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> over_ = false;
  std::atomic<int> accepted_ = 0, cut_up_to_ = 0, stalled_up_to_ = 0;
  std::vector<std::thread> threads_;  // the accepting thread's own, but for the first
  std::thread accepting_;
};

}  // namespace recurd
