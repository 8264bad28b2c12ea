#pragma once

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "grpc/grpc_security.h"
#include "grpcpp/grpcpp.h"
#include "server/base/mutex.h"

namespace recurd {

// PEM files.
struct TlsFiles {
  std::string cert;       // the server's certificate, then those between it and its CA
  std::string key;        // its private key, without a password
  std::string client_ca;  // whose certificates clients must show; "": they need none
};

// The server's certificate, which can be exchanged while it serves: each new connection gets the newest that was
// readable and whole; those that stand keep theirs. (gRPC's FileWatcherCertificateProvider would bring a thread, and in
// 1.51 takes a certificate that doesn't fit its key, after which no connection succeeds.)
// Threads: any.
class ServerTls {
 public:
  // Errors: INVALID_ARGUMENT naming flag, file and what is wrong; those of ReadSmallFile, naming the flag.
  static absl::StatusOr<std::shared_ptr<ServerTls>> Load(TlsFiles files);

  // Reads the files again. Errors: as Load; what was there before stays.
  absl::Status Reload();

  const TlsFiles& files() const { return files_; }
  bool wants_client_certificates() const { return !files_.client_ca.empty(); }
  // Of the certificate: whose it is and when it ends, for the log.
  std::string Description() const;

  // For one port of one server, which must not outlive this.
  std::shared_ptr<grpc::ServerCredentials> Credentials();

 private:
  class PortCredentials;
  struct Pems {
    std::string cert, key, client_ca;
    std::string description;
  };

  explicit ServerTls(TlsFiles files) : files_(std::move(files)) {}
  absl::StatusOr<Pems> Read() const;
  // The caller's; nullptr if the port has the newest.
  grpc_ssl_server_certificate_config* FreshConfig();

  const TlsFiles files_;
  mutable Mutex mutex_;
  Pems pems_ ABSL_GUARDED_BY(mutex_);
  bool fresh_ ABSL_GUARDED_BY(mutex_) = true;  // the port hasn't fetched pems_ yet
};

}  // namespace recurd
