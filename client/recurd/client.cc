#include "recurd/client.h"

#include <chrono>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "recurd/connection.h"
#include "recurd/session_impl.h"

namespace recurd {
namespace {

using std::chrono::milliseconds;
using std::chrono::system_clock;

constexpr int kOneAttemptMs = 5000;

absl::Status CheckAddress(const std::string& address) {
  if (address.rfind("unix:", 0) == 0 && address.size() > 5) return absl::OkStatus();
  const size_t colon = address.rfind(':');
  int port = 0;
  if (colon != std::string::npos && colon > 0 && absl::SimpleAtoi(address.substr(colon + 1), &port) && port > 0 &&
      port < 65536) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "server address '", address, "' is not HOST:PORT (as 127.0.0.1:8001; port 1 to 65535) or unix:PATH"));
}

grpc::ChannelArguments ArgumentsOf(const ClientOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(options.max_message_bytes);
  arguments.SetMaxSendMessageSize(-1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  return arguments;
}

bool WaitUntilReady(grpc::Channel& channel, int timeout_ms) {
  const auto deadline = system_clock::now() + milliseconds(timeout_ms > 0 ? timeout_ms : kOneAttemptMs);
  for (;;) {
    const grpc_connectivity_state state = channel.GetState(/*try_to_connect=*/true);
    if (state == GRPC_CHANNEL_READY) return true;
    if (state == GRPC_CHANNEL_TRANSIENT_FAILURE && timeout_ms == 0) return false;
    if (!channel.WaitForStateChange(state, deadline)) return false;
  }
}

// One unary call, method(&context, request, &response), with the client's time limit.
template <typename Response, typename Method>
absl::StatusOr<Response> Call(const Connection& connection, const Method& method) {
  grpc::ClientContext context;
  context.set_deadline(system_clock::now() + milliseconds(connection.options.call_timeout_ms));
  Response response;
  const grpc::Status status = method(&context, &response);
  if (!status.ok()) return connection.ToStatus(status);
  return response;
}

}  // namespace

Client::Client(std::shared_ptr<const Connection> connection) : connection_(std::move(connection)) {}

absl::StatusOr<Client> Client::Connect(const std::string& address, const ClientOptions& options) {
  if (absl::Status status = CheckAddress(address); !status.ok()) return status;
  auto connection = std::make_shared<Connection>();
  connection->address = address;
  connection->options = options;
  connection->channel = grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), ArgumentsOf(options));
  if (!WaitUntilReady(*connection->channel, options.connect_timeout_ms)) {
    return connection->Error(absl::StatusCode::kUnavailable,
                             "nobody answers there; is the daemon running, and is this its --listen address?");
  }
  connection->recurrent = v1::Recurrent::NewStub(connection->channel);
  connection->health = grpc::health::v1::Health::NewStub(connection->channel);
  return Client(std::move(connection));
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
