#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "grpcpp/grpcpp.h"
#include "server/base/connection_metrics.h"
#include "server/base/listen_address.h"

namespace recurd {

struct ConnectionLimits {
  int open = 0;  // at a time; 0: any number
  int rate = 0;  // new ones a second, as many at once; 0: any number
};

// Accepts connections for a gRPC server and limits them, which gRPC 1.51 itself has no argument for. One over a
// limit is reset as soon as it comes; the others are given to gRPC, which owns them from then on and doesn't tell when
// it closes them. So what is kept of one is its descriptor's number and its socket's inode: a connection is over when
// its number stands for another socket or none. That is looked at when the number comes again, once a second, and when
// the limit is reached.
//
// A thread of its own accepts, and does the first read of a TLS handshake; what follows is the serving thread's.
class Acceptor {
 public:
  // Listens on all that the host means (localhost: IPv4 and IPv6). Port 0 takes a free one.
  // Errors: UNAVAILABLE naming the address, the system's reason and the way out.
  static absl::StatusOr<std::unique_ptr<Acceptor>> Listen(const ListenAddress& address, ConnectionLimits limits,
                                                          ConnectionMetrics& metrics);
  // Accepts from a non-blocking socket that listens already, and closes it in the end. It may be a unix socket.
  static std::unique_ptr<Acceptor> TakeOver(int listener, ConnectionLimits limits, ConnectionMetrics& metrics);
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  // Begins to accept; the server must have started. Once.
  void Start(std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> server);
  // Accepts no more and closes the listening sockets; the connections stay. To be called before the server's shutdown.
  void Stop();

  // 0: a unix socket.
  int port() const { return port_; }

 private:
  using Clock = std::chrono::steady_clock;

  Acceptor(ConnectionLimits limits, ConnectionMetrics& metrics);
  absl::Status Bind(const ListenAddress& address);
  void Run();
  // False where the system has no descriptor or memory left.
  bool AcceptFrom(int listener);
  void Take(int listener, int fd);
  bool WithinRate();
  bool WithinLimit();
  void Prune();

  const ConnectionLimits limits_;
  ConnectionMetrics& metrics_;
  std::vector<int> listeners_;
  int stop_fd_ = -1;  // eventfd
  int port_ = 0;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> server_;
  std::thread thread_;

  // The thread's.
  absl::flat_hash_map<int, ino_t> connections_;  // descriptor -> inode
  Clock::time_point pruned_{};
  Clock::time_point filled_{};  // when room_ was counted
  double room_;                 // connections that may come at once
};

}  // namespace recurd
