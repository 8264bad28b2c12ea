#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "grpcpp/grpcpp.h"
#include "server/base/connection_metrics.h"
#include "server/rpc/acceptor.h"
#include "server/rpc/tls.h"

namespace recurd {

struct ListenOptions {
  std::string listen;              // HOST:PORT, [V6]:PORT or unix:PATH
  std::string admin_listen;        // unix:PATH; "": none. Not together with a unix socket above
  std::shared_ptr<ServerTls> tls;  // nullptr: plain text. Never on the admin socket
  ConnectionLimits connections;    // over TCP; unix sockets have none
  // Non-blocking sockets that listen there already, which are taken over; -1: none. Who connects to one after its
  // server has begun to drain waits for the next server, or until the last process that holds the socket is gone.
  int listen_fd = -1, admin_fd = -1;
};

// The addresses of one gRPC server.
class Listeners {
 public:
  // Takes the address and adds it to the builder; `metrics` must outlive this. Nobody is accepted yet. A socket file
  // that nobody listens on any more is removed; the admin socket's can be opened by its owner only, and gRPC removes
  // both when the server shuts down.
  // Errors: INVALID_ARGUMENT for another form of address; UNAVAILABLE naming one that can't be had.
  static absl::StatusOr<std::unique_ptr<Listeners>> Add(grpc::ServerBuilder& builder, ListenOptions options,
                                                        ConnectionMetrics& metrics);

  // Starts the builder's server, and accepts. Errors: UNAVAILABLE naming the address that can't be had.
  absl::StatusOr<std::unique_ptr<grpc::Server>> Start(grpc::ServerBuilder& builder);
  // Accepts no more from sockets that were there already. Threads: those of Stop.
  void LeaveInherited();
  // Accepts no more over TCP. To be called before the server's shutdown.
  void Stop();

  // The real one if port 0 was asked for; 0 for unix:PATH.
  int port() const { return listen_.acceptor ? listen_.acceptor->port() : 0; }

 private:
  // What comes through an acceptor of ours goes in at a server's door.
  struct Door {
    std::unique_ptr<Acceptor> acceptor;  // nullptr: gRPC listens itself
    std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> server;
  };

  Listeners() = default;
  static Door Open(grpc::ServerBuilder& builder, std::unique_ptr<Acceptor> acceptor,
                   std::shared_ptr<grpc::ServerCredentials> credentials);

  ListenOptions options_;
  int listen_result_ = 1, admin_result_ = 1;  // 0: gRPC couldn't have the socket
  ConnectionMetrics uncounted_;               // of unix sockets
  Door listen_, admin_;
};

}  // namespace recurd
