#include "recurd/client.h"

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "recurd/connection.h"
#include "recurd/session_impl.h"

namespace recurd {
namespace {

using std::chrono::milliseconds;
using std::chrono::system_clock;

constexpr int kOneAttemptMs = 5000;
constexpr int kAskMs = 200;

bool WaitUntilReady(grpc::Channel& channel, int timeout_ms) {
  const auto deadline = system_clock::now() + milliseconds(timeout_ms > 0 ? timeout_ms : kOneAttemptMs);
  for (;;) {
    const grpc_connectivity_state state = channel.GetState(/*try_to_connect=*/true);
    if (state == GRPC_CHANNEL_READY) return true;
    if (state == GRPC_CHANNEL_TRANSIENT_FAILURE && timeout_ms == 0) return false;
    if (!channel.WaitForStateChange(state, deadline)) return false;
  }
}

// What the channel knows of why nobody answers: a call on it fails with that.
absl::Status Unreachable(const Connection& connection) {
  grpc::ClientContext context;
  context.set_deadline(system_clock::now() + milliseconds(kAskMs));
  grpc::health::v1::HealthCheckResponse response;
  const grpc::Status status = connection.health->Check(&context, {}, &response);
  const bool secure = !connection.options.tls_ca.empty();
  return connection.Error(absl::StatusCode::kUnavailable,
                          absl::StrCat("nobody answers there", secure ? " whom tls_ca vouches for" : "",
                                       "; is the daemon running, is this its --listen address, and does it ",
                                       secure ? "speak TLS" : "speak without TLS", "? (", status.error_message(), ")"));
}

// One unary call, method(&context, &response).
template <typename Response, typename Method>
absl::StatusOr<Response> Call(const Connection& connection, int timeout_ms, const Method& method) {
  grpc::ClientContext context;
  context.set_deadline(system_clock::now() + milliseconds(timeout_ms));
  connection.Authorize(&context);
  Response response;
  const grpc::Status status = method(&context, &response);
  if (!status.ok()) return connection.ToStatus(status);
  return response;
}

template <typename Response, typename Method>
absl::StatusOr<Response> Call(const Connection& connection, const Method& method) {
  return Call<Response>(connection, connection.options.call_timeout_ms, method);
}

}  // namespace

Client::Client(std::shared_ptr<const Connection> connection) : connection_(std::move(connection)) {}

absl::StatusOr<Client> Client::Connect(const std::string& address, const ClientOptions& options) {
  absl::StatusOr<std::shared_ptr<const Connection>> connection = Connection::Make(address, options);
  if (!connection.ok()) return connection.status();
  if (!WaitUntilReady(*(*connection)->channel, options.connect_timeout_ms)) return Unreachable(**connection);
  return Client(*std::move(connection));
}

absl::StatusOr<Session> Client::Open(const std::string& model) const {
  v1::Open open;
  open.set_model(model);
  return Open(open);
}

absl::StatusOr<Session> Client::Open(const v1::Open& open) const {
  auto session = std::make_unique<Session::Impl>(connection_, open);
  if (absl::Status status = session->Start(open); !status.ok()) return status;
  return Session(std::move(session));
}

absl::StatusOr<v1::InferResponse> Client::Infer(const v1::InferRequest& request) const {
  return Call<v1::InferResponse>(*connection_, [&](auto* context, auto* response) {
    return connection_->recurrent->Infer(context, request, response);
  });
}

absl::StatusOr<v1::ListModelsResponse> Client::ListModels() const {
  return Call<v1::ListModelsResponse>(*connection_, [&](auto* context, auto* response) {
    return connection_->recurrent->ListModels(context, {}, response);
  });
}

absl::StatusOr<v1::GetModelResponse> Client::GetModel(const std::string& model, const std::string& version) const {
  v1::GetModelRequest request;
  request.set_model(model);
  request.set_version(version);
  return Call<v1::GetModelResponse>(*connection_, [&](auto* context, auto* response) {
    return connection_->recurrent->GetModel(context, request, response);
  });
}

absl::StatusOr<v1::GetServerInfoResponse> Client::GetServerInfo() const {
  return Call<v1::GetServerInfoResponse>(*connection_, [&](auto* context, auto* response) {
    return connection_->recurrent->GetServerInfo(context, {}, response);
  });
}

absl::StatusOr<v1::LoadModelResponse> Client::LoadModel(const std::string& model, const std::string& version) const {
  v1::LoadModelRequest request;
  request.set_model(model);
  request.set_version(version);
  return Call<v1::LoadModelResponse>(
      *connection_, connection_->options.load_timeout_ms,
      [&](auto* context, auto* response) { return connection_->recurrent->LoadModel(context, request, response); });
}

absl::StatusOr<v1::UnloadModelResponse> Client::UnloadModel(const std::string& model,
                                                            const std::string& version) const {
  v1::UnloadModelRequest request;
  request.set_model(model);
  request.set_version(version);
  return Call<v1::UnloadModelResponse>(
      *connection_, connection_->options.load_timeout_ms,
      [&](auto* context, auto* response) { return connection_->recurrent->UnloadModel(context, request, response); });
}

absl::StatusOr<v1::ListSessionsResponse> Client::ListSessions(const v1::ListSessionsRequest& request) const {
  return Call<v1::ListSessionsResponse>(*connection_, [&](auto* context, auto* response) {
    return connection_->recurrent->ListSessions(context, request, response);
  });
}

absl::StatusOr<v1::GetSessionResponse> Client::GetSession(const std::string& session) const {
  v1::GetSessionRequest request;
  request.set_session_id(session);
  return Call<v1::GetSessionResponse>(*connection_, [&](auto* context, auto* response) {
    return connection_->recurrent->GetSession(context, request, response);
  });
}

absl::StatusOr<v1::ExportSessionResponse> Client::ExportSession(const std::string& session) const {
  v1::ExportSessionRequest request;
  request.set_session_id(session);
  return Call<v1::ExportSessionResponse>(*connection_, [&](auto* context, auto* response) {
    return connection_->recurrent->ExportSession(context, request, response);
  });
}

absl::StatusOr<v1::ImportSessionResponse> Client::ImportSession(const v1::ImportSessionRequest& request) const {
  return Call<v1::ImportSessionResponse>(*connection_, [&](auto* context, auto* response) {
    return connection_->recurrent->ImportSession(context, request, response);
  });
}

absl::StatusOr<v1::CloseSessionResponse> Client::CloseSession(const std::string& session) const {
  v1::CloseSessionRequest request;
  request.set_session_id(session);
  return Call<v1::CloseSessionResponse>(*connection_, [&](auto* context, auto* response) {
    return connection_->recurrent->CloseSession(context, request, response);
  });
}

absl::StatusOr<Health> Client::CheckHealth(const std::string& service) const {
  grpc::health::v1::HealthCheckRequest request;
  request.set_service(service);
  const auto response = Call<grpc::health::v1::HealthCheckResponse>(
      *connection_, [&](auto* context, auto* answer) { return connection_->health->Check(context, request, answer); });
  if (!response.ok()) return response.status();
  switch (response->status()) {
    case grpc::health::v1::HealthCheckResponse::SERVING:
      return Health::kServing;
    case grpc::health::v1::HealthCheckResponse::NOT_SERVING:
      return Health::kNotServing;
    default:
      return Health::kUnknown;
  }
}

}  // namespace recurd
