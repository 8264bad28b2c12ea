#include "server/rpc/access.h"

#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "grpc/grpc_security_constants.h"

namespace recurd {
namespace {

struct Name {
  const char* property;
  const char* prefix;
};
constexpr Name kNames[] = {
    {GRPC_PEER_URI_PROPERTY_NAME, "uri:"}, {GRPC_PEER_DNS_PROPERTY_NAME, "dns:"}, {GRPC_X509_CN_PROPERTY_NAME, "cn:"}};

const char* NameOf(Role role) {
  switch (role) {
    case Role::kStream:
      return "stream";
    case Role::kAdmin:
      return "admin";
    case Role::kMetrics:
      return "metrics";
    case Role::kStreamOrAdmin:
      return "stream or admin";
    case Role::kAnyone:
      break;
  }
  return "anyone";
}

// Errors: UNAUTHENTICATED.
absl::StatusOr<std::string> CertificateIdentity(const grpc::ServerContext& context) {
  const auto peer = context.auth_context();
  for (const Name& name : kNames) {
    for (const grpc::string_ref& value : peer->FindPropertyValues(name.property)) {
      if (!value.empty()) return absl::StrCat(name.prefix, absl::string_view(value.data(), value.size()));
    }
  }
  return absl::UnauthenticatedError(
      "the client certificate names nobody; it must have a URI or DNS subject alternative name, or a common name");
}

// Errors: UNAUTHENTICATED.
absl::StatusOr<const Tokens::Holder*> FindHolder(const grpc::ServerContext& context, const Tokens& tokens) {
  const auto [header, end] = context.client_metadata().equal_range("authorization");
  if (header == end || std::next(header) != end) {
    return absl::UnauthenticatedError(
        "this server wants one header \"authorization: Bearer TOKEN\" with a token of its "
        "--auth_tokens_file");
  }
  const auto* holder = tokens.FindBearer({header->second.data(), header->second.size()});
  if (holder != nullptr) return holder;
  return absl::UnauthenticatedError(
      "the authorization header isn't \"Bearer TOKEN\" with a token of the server's --auth_tokens_file");
}

}  // namespace

absl::StatusOr<Caller> Access::Admit(const grpc::ServerContext& context, Role role) const {
  absl::StatusOr<Caller> caller = Judge(context, role);
  if (!caller.ok()) refused_.Add();
  return caller;
}

absl::StatusOr<Caller> Access::Judge(const grpc::ServerContext& context, Role role) const {
  if (role == Role::kAnyone) return Caller{};
  if (rules_.admin_socket && absl::StartsWith(context.peer(), "unix:")) {
    return Caller{.identity = "admin-socket", .admin = true};
  }
  Caller caller{.admin = true};
  if (tokens_) {
    const auto holder = FindHolder(context, *tokens_);
    if (!holder.ok()) return holder.status();
    if (!(*holder)->Has(role)) {
      return absl::PermissionDeniedError(absl::StrCat("token '", (*holder)->name, "' hasn't the role ", NameOf(role),
                                                      "; the server's --auth_tokens_file gives roles"));
    }
    caller.identity = absl::StrCat("token:", (*holder)->name);
    caller.admin = (*holder)->Has(Role::kAdmin);
  } else if (rules_.client_certificates) {
    auto identity = CertificateIdentity(context);
    if (!identity.ok()) return identity.status();
    caller.identity = *std::move(identity);
  }
  if (!rules_.admin_socket) return caller;
  if (role == Role::kAdmin) {
    return absl::PermissionDeniedError(
        "admin calls are answered on the server's --admin_listen socket only; call that, on its machine");
  }
  caller.admin = false;
  return caller;
}

}  // namespace recurd
