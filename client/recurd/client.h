#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "proto/recurd/v1/recurd.pb.h"
#include "recurd/errors.h"
#include "recurd/session.h"

namespace recurd {

struct Connection;

struct ClientOptions {
  // How long Connect keeps trying, in milliseconds. 0: one attempt, of at most 5 s.
  int connect_timeout_ms = 5000;
  // Limit of each unary call, in milliseconds. Streams have none.
  int call_timeout_ms = 30000;
  // The same for LoadModel and UnloadModel: the server reads, builds and checks a model before it answers.
  int load_timeout_ms = 600000;
  // Answers above this are an error, in bytes.
  int max_message_bytes = 64 << 20;
  // TLS, where tls_ca is set: PEM files with the certificate (or authority) to know the server by, and with the
  // client's own certificate chain and key, for servers that ask for them. Read at each connect.
  std::string tls_ca;
  std::string tls_cert;
  std::string tls_key;
  // Sent with every call as "authorization: Bearer TOKEN". Never in the open: without TLS to loopback and unix only.
  std::string token;
};

enum class Health { kUnknown, kServing, kNotServing };

// A connection to one recurd server. Messages are the API's own: proto/recurd/v1/recurd.proto is their reference.
// Threads: any, at the same time. Sessions may outlive their Client. Nothing here throws.
// Errors: the server's own code, with a text that names the server's address; UNAVAILABLE when it can't be reached;
// DEADLINE_EXCEEDED past call_timeout_ms.
class Client {
 public:
  // `address`: HOST:PORT ([::1]:8001 for IPv6) or unix:PATH. Connects directly, never through an HTTP proxy.
  // Errors: INVALID_ARGUMENT for an address of another form; UNAVAILABLE when nobody answers in time, or who answers
  // isn't known by tls_ca; of the options: NOT_FOUND and INVALID_ARGUMENT naming a file and what is wrong with it,
  // FAILED_PRECONDITION for a token that would travel in the open.
  static absl::StatusOr<Client> Connect(const std::string& address, const ClientOptions& options = {});

  // A new session with the newest version of `model`, or what `open` asks for: mode, state, checkpoints, outputs.
  // Errors: NOT_FOUND (model or session), RESOURCE_EXHAUSTED (too many sessions), INVALID_ARGUMENT (state, options),
  // FAILED_PRECONDITION (the model takes whole sequences only: Infer).
  absl::StatusOr<Session> Open(const std::string& model) const;
  absl::StatusOr<Session> Open(const v1::Open& open) const;

  // A whole sequence in one call: inputs [T][input_size] in the request, outputs [T or 1][output_size] in the answer.
  absl::StatusOr<v1::InferResponse> Infer(const v1::InferRequest& request) const;

  absl::StatusOr<v1::ListModelsResponse> ListModels() const;
  // An empty version is the newest.   Errors: NOT_FOUND.
  absl::StatusOr<v1::GetModelResponse> GetModel(const std::string& model, const std::string& version = "") const;
  absl::StatusOr<v1::GetServerInfoResponse> GetServerInfo() const;
  // For administrators. Serves a version of a model, or with "" those that its version policy chooses, read anew from
  // the server's repository; returns when it is served. Errors: the server's own, with the reason; then nothing has
  // changed.
  absl::StatusOr<v1::LoadModelResponse> LoadModel(const std::string& model, const std::string& version = "") const;
  // For administrators. An empty version is all of them.   Errors: NOT_FOUND.
  absl::StatusOr<v1::UnloadModelResponse> UnloadModel(const std::string& model, const std::string& version = "") const;
  // Sessions seen from outside their streams. A session is named by its id or, for administrators, by its handle
  // ("@17"). ListSessions gives a page: go on with next_page_token until it is empty.
  // Errors: NOT_FOUND, saying how the session ended if the server still knows; PERMISSION_DENIED;
  // FAILED_PRECONDITION for the export of a session that is between two sequences.
  absl::StatusOr<v1::ListSessionsResponse> ListSessions(const v1::ListSessionsRequest& request = {}) const;
  absl::StatusOr<v1::GetSessionResponse> GetSession(const std::string& session) const;
  absl::StatusOr<v1::ExportSessionResponse> ExportSession(const std::string& session) const;
  // A new session that nobody is attached to yet. Errors: as Open's.
  absl::StatusOr<v1::ImportSessionResponse> ImportSession(const v1::ImportSessionRequest& request) const;
  absl::StatusOr<v1::CloseSessionResponse> CloseSession(const std::string& session) const;
  // "" asks for the server, else a model or a gRPC service.   Errors: NOT_FOUND for a name the server doesn't know.
  absl::StatusOr<Health> CheckHealth(const std::string& service = "") const;

 private:
  explicit Client(std::shared_ptr<const Connection> connection);
  std::shared_ptr<const Connection> connection_;
};

}  // namespace recurd
