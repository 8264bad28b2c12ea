#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "proto/grpc/health/v1/health.grpc.pb.h"
#include "proto/recurd/v1/recurd.grpc.pb.h"
#include "recurd/client.h"

namespace recurd {

// One channel and what is called over it. Shared by a client and its sessions. Not installed.
struct Connection {
  std::string address;
  ClientOptions options;
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<v1::Recurrent::Stub> recurrent;
  std::unique_ptr<grpc::health::v1::Health::Stub> health;

  // The same code (absl and gRPC share numbers), with a text that names the server.
  absl::Status Error(absl::StatusCode code, const std::string& message) const {
    return absl::Status(code, absl::StrCat("recurd at ", address, ": ", message));
  }
  absl::Status ToStatus(const grpc::Status& status) const {
    if (status.ok()) return absl::OkStatus();
    return Error(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  }
};

}  // namespace recurd
