#include "recurd/connection.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace recurd {
namespace {

constexpr size_t kMaxPemBytes = 1 << 20;

absl::Status CheckAddress(const std::string& address) {
  if (address.rfind("unix:", 0) == 0 && address.size() > 5) return absl::OkStatus();
  const size_t colon = address.rfind(':');
  int port = 0;
  if (colon != std::string::npos && colon > 0 && address.find(',') == std::string::npos &&
      absl::SimpleAtoi(address.substr(colon + 1), &port) && port > 0 && port < 65536) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "server address '", address, "' is not HOST:PORT (as 127.0.0.1:8001; port 1 to 65535) or unix:PATH"));
}

// Whether what is sent there stays on this machine.
bool IsLocal(const std::string& address) {
  if (address.rfind("unix:", 0) == 0) return true;
  const std::string host = address.substr(0, address.rfind(':'));
  const bool in_127 = host.rfind("127.", 0) == 0 && host.find_first_not_of("0123456789.") == std::string::npos;
  return host == "localhost" || host == "[::1]" || in_127;
}

// A PEM file that holds a `kind`.
absl::StatusOr<std::string> ReadPem(const char* option, const std::string& path, const std::string& kind) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kMaxPemBytes + 1, '\0');
  if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.is_open() || file.bad() || file.gcount() == 0) {
    return absl::NotFoundError(absl::StrCat(option, "=", path, ": can't be read, or is empty (",
                                            errno == 0 ? "no content" : std::strerror(errno), ")"));
  }
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > kMaxPemBytes || text.find("-----BEGIN ") == std::string::npos ||
      text.find(absl::StrCat(kind, "-----")) == std::string::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat(option, "=", path, ": is no PEM file with a ", kind, " (-----BEGIN ... ", kind, "-----)"));
  }
  return text;
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> CredentialsOf(const ClientOptions& options) {
  if (options.tls_cert.empty() != options.tls_key.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(options.tls_cert.empty() ? "tls_key" : "tls_cert",
                                                   " is set alone: a client's certificate needs tls_cert and tls_key"));
  }
  if (options.tls_ca.empty()) {
    if (options.tls_cert.empty()) return grpc::InsecureChannelCredentials();
    return absl::InvalidArgumentError("tls_cert is set without tls_ca: name the certificate to know the server by");
  }
  grpc::SslCredentialsOptions ssl;
  const struct {
    const char* option;
    const std::string& path;
    const char* kind;
    std::string* out;
  } files[] = {{"tls_ca", options.tls_ca, "CERTIFICATE", &ssl.pem_root_certs},
               {"tls_cert", options.tls_cert, "CERTIFICATE", &ssl.pem_cert_chain},
               {"tls_key", options.tls_key, "PRIVATE KEY", &ssl.pem_private_key}};
  for (const auto& file : files) {
    if (file.path.empty()) continue;
    errno = 0;
    absl::StatusOr<std::string> text = ReadPem(file.option, file.path, file.kind);
    if (!text.ok()) return text.status();
    *file.out = *std::move(text);
  }
  return grpc::SslCredentials(ssl);
}

// The header that carries the token, or "".
absl::StatusOr<std::string> AuthorizationOf(const std::string& address, const ClientOptions& options) {
  if (options.token.empty()) return std::string();
  if (!std::all_of(options.token.begin(), options.token.end(), [](char c) { return c > ' ' && c < 0x7f; })) {
    return absl::InvalidArgumentError("the token has a character that is not printable ASCII, or a space");
  }
  if (options.tls_ca.empty() && !IsLocal(address)) {
    return absl::FailedPreconditionError(absl::StrCat(
        "a token would travel to ", address, " in the open: set tls_ca, or use a loopback address or unix:PATH"));
  }
  return absl::StrCat("Bearer ", options.token);
}

grpc::ChannelArguments ArgumentsOf(const ClientOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(options.max_message_bytes);
  arguments.SetMaxSendMessageSize(-1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // or another channel's backoff would be this one's
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  return arguments;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Connection>> Connection::Make(const std::string& address,
                                                                   const ClientOptions& options) {
  if (absl::Status status = CheckAddress(address); !status.ok()) return status;
  auto credentials = CredentialsOf(options);
  if (!credentials.ok()) return credentials.status();
  auto authorization = AuthorizationOf(address, options);
  if (!authorization.ok()) return authorization.status();
  auto connection = std::make_shared<Connection>();
  connection->address = address;
  connection->options = options;
  connection->authorization = *std::move(authorization);
  connection->channel = grpc::CreateCustomChannel(address, *credentials, ArgumentsOf(options));
  connection->recurrent = v1::Recurrent::NewStub(connection->channel);
  connection->health = grpc::health::v1::Health::NewStub(connection->channel);
  return std::shared_ptr<const Connection>(std::move(connection));
}

}  // namespace recurd
