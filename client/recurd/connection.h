#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/grpc/health/v1/health.grpc.pb.h"
#include "proto/recurd/v1/recurd.grpc.pb.h"
#include "recurd/answers.h"
#include "recurd/client.h"

namespace recurd {

// One channel and what is called over it. Shared by a client and its sessions. Not installed.
struct Connection {
  // A channel of its own, with nothing of an earlier one's backoff; it connects at the first call.
  // Errors: INVALID_ARGUMENT for an address of another form, NOT_FOUND and INVALID_ARGUMENT for files of `options` that
  // can't be read or used, FAILED_PRECONDITION for a token that would travel in the open.
  static absl::StatusOr<std::shared_ptr<const Connection>> Make(const std::string& address,
                                                                const ClientOptions& options);

  // Says who calls. Before every call.
  void Authorize(grpc::ClientContext* context) const {
    if (!authorization.empty()) context->AddMetadata("authorization", authorization);
  }

  // The same code (absl and gRPC share numbers), with a text that names the server.
  absl::Status Error(absl::StatusCode code, const std::string& message) const {
    return ServerError(address, code, message);
  }
  absl::Status ToStatus(const grpc::Status& status) const {
    if (status.ok()) return absl::OkStatus();
    return Error(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  }

  std::string address;
  ClientOptions options;
  std::string authorization;
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<v1::Recurrent::Stub> recurrent;
  std::unique_ptr<grpc::health::v1::Health::Stub> health;
};

}  // namespace recurd
