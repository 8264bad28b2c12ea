#include "server/rpc/credentials.h"

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "server/base/listen_address.h"
#include "server/base/log.h"
#include "server/base/status_macros.h"

namespace recurd {
namespace {

absl::StatusOr<ListenAddress> ParseFlag(const char* flag, const std::string& value) {
  auto address = ListenAddress::Parse(value);
  if (address.ok()) return address;
  return absl::InvalidArgumentError(absl::StrCat("--", flag, ": ", address.status().message()));
}

absl::StatusOr<std::shared_ptr<const Tokens>> ReadTokens(const std::string& path) {
  auto tokens = Tokens::Read(path);
  if (tokens.ok()) return std::make_shared<const Tokens>(*std::move(tokens));
  return absl::Status(tokens.status().code(), absl::StrCat("--auth_tokens_file: ", tokens.status().message()));
}

absl::Status CheckTls(const TlsFiles& tls) {
  if (tls.cert.empty() != tls.key.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(tls.cert.empty() ? "--tls_key" : "--tls_cert", " is given without ",
                                                   tls.cert.empty() ? "--tls_cert" : "--tls_key",
                                                   "; TLS needs both, plain text neither"));
  }
  if (tls.cert.empty() && !tls.client_ca.empty()) {
    return absl::InvalidArgumentError(
        "--tls_client_ca is given without TLS; it needs --tls_cert=FILE and --tls_key=FILE too");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckSecurity(const SecurityOptions& options) {
  RECURD_RETURN_IF_ERROR(CheckTls(options.tls));
  RECURD_ASSIGN_OR_RETURN(const ListenAddress listen, ParseFlag("listen", options.listen));
  if (!options.admin_listen.empty()) {
    RECURD_ASSIGN_OR_RETURN(const ListenAddress admin, ParseFlag("admin_listen", options.admin_listen));
    if (!admin.IsUnix()) {
      return absl::InvalidArgumentError(absl::StrCat("--admin_listen=", options.admin_listen,
                                                     ": must be unix:PATH; the file's permissions guard it"));
    }
    if (listen.IsUnix()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--admin_listen=", options.admin_listen, " doesn't go with --listen=", options.listen,
                       ": the two couldn't be told apart; leave one out, or let --listen be HOST:PORT"));
    }
  }
  if (options.tokens_file.empty()) return absl::OkStatus();
  if (options.tls.cert.empty() && !listen.IsLocal()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--auth_tokens_file with --listen=", options.listen,
        " would let tokens cross the network in plain text; add --tls_cert=FILE and --tls_key=FILE, or listen on "
        "127.0.0.1, [::1] or unix:PATH"));
  }
  if (options.metrics_listen.empty() || options.metrics_listen == "off") return absl::OkStatus();
  RECURD_ASSIGN_OR_RETURN(const ListenAddress metrics, ParseFlag("metrics_listen", options.metrics_listen));
  if (metrics.IsLocal()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "--auth_tokens_file with --metrics_listen=", options.metrics_listen,
      " would let tokens cross the network in plain text, since metrics have no TLS; listen on 127.0.0.1 or [::1], "
      "behind a proxy with TLS if need be, or say --metrics_listen=off"));
}

absl::StatusOr<std::unique_ptr<Credentials>> Credentials::Load(const SecurityOptions& options) {
  auto credentials = absl::WrapUnique(new Credentials);
  const TlsFiles& tls = options.tls;
  if (!tls.cert.empty()) {
    credentials->Watch({tls.cert, tls.key, tls.client_ca}, &Credentials::RereadTls);
    RECURD_ASSIGN_OR_RETURN(credentials->tls_, ServerTls::Load(tls));
    LogInfo(absl::StrCat("TLS with the certificate of ", credentials->tls_->Description()));
  }
  if (!options.tokens_file.empty()) {
    credentials->tokens_file_ = options.tokens_file;
    credentials->Watch({options.tokens_file}, &Credentials::RereadTokens);
    RECURD_ASSIGN_OR_RETURN(credentials->tokens_, ReadTokens(options.tokens_file));
  }
  const auto listen = ListenAddress::Parse(options.listen);
  if (tls.client_ca.empty() && options.tokens_file.empty() && listen.ok() && !listen->IsLocal()) {
    LogWarning(absl::StrCat("--listen=", options.listen,
                            " lets everybody on its network in and asks nobody who they are; --auth_tokens_file or "
                            "--tls_client_ca would"));
  }
  return credentials;
}

void Credentials::Watch(std::vector<std::string> paths, void (Credentials::*reread)()) {
  Watched watched{.paths = std::move(paths), .reread = reread};
  watched.read = watched.seen = watched.Now();
  watched_.push_back(std::move(watched));
}

std::vector<FileStamp> Credentials::Watched::Now() const {
  std::vector<FileStamp> stamps;
  for (const std::string& path : paths) stamps.push_back(FileStamp::Of(path));
  return stamps;
}

void Credentials::Follow() {
  for (Watched& watched : watched_) {
    std::vector<FileStamp> now = watched.Now();
    if (now != watched.read && now == watched.seen) {
      watched.read = now;
      (this->*watched.reread)();
    }
    watched.seen = std::move(now);
  }
}

void Credentials::Reread() {
  for (Watched& watched : watched_) {
    watched.read = watched.seen = watched.Now();
    (this->*watched.reread)();
  }
}

void Credentials::RereadTls() {
  const absl::Status status = tls_->Reload();
  if (!status.ok()) {
    return LogError(absl::StrCat("the certificate stays what it was: ", std::string(status.message())));
  }
  LogInfo(absl::StrCat("new connections get the certificate of ", tls_->Description()));
}

void Credentials::RereadTokens() {
  auto tokens = ReadTokens(tokens_file_);
  if (!tokens.ok()) {
    return LogError(absl::StrCat("the tokens stay what they were: ", std::string(tokens.status().message())));
  }
  tokens_ = *std::move(tokens);
  if (on_tokens_) on_tokens_(tokens_);
  LogInfo(absl::StrCat("calls from now on need one of ", tokens_->size(), " tokens"));
}

}  // namespace recurd
