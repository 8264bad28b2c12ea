#pragma once

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "grpcpp/grpcpp.h"
#include "server/base/counters.h"
#include "server/base/tokens.h"

namespace recurd {

// Who calls. Where nobody has to authenticate, everybody is the same one and may do everything.
struct Caller {
  // "token:NAME"; without tokens, the client certificate's first URI, DNS name or common name, in this order, as
  // "uri:...", "dns:..." or "cn:..."; on the admin socket "admin-socket". Empty: nobody had to say.
  std::string identity;
  bool admin = false;  // has Role::kAdmin, here
};

// Decides who may call what. Tokens give roles; without tokens, who got in has every role. With an admin socket, admin
// calls are for it alone, and who can open it needs no token: the file's permissions are what lets in.
// Threads: serving thread only.
class Access {
 public:
  struct Rules {
    bool client_certificates = false;  // every peer over TCP has shown a verified one
    bool admin_socket = false;         // the only unix socket that is listened on
  };

  // `refused` counts the calls that weren't admitted.
  Access(Rules rules, std::shared_ptr<const Tokens> tokens, Counter& refused)
      : rules_(rules), tokens_(std::move(tokens)), refused_(refused) {}

  // From the next call on. nullptr: nobody needs one.
  void SetTokens(std::shared_ptr<const Tokens> tokens) { tokens_ = std::move(tokens); }

  // Errors: UNAUTHENTICATED (no or a wrong token, a certificate without a name), PERMISSION_DENIED (the role is
  // missing, or an admin call came from elsewhere than the admin socket), each saying which and the way out.
  absl::StatusOr<Caller> Admit(const grpc::ServerContext& context, Role role) const;

 private:
  absl::StatusOr<Caller> Judge(const grpc::ServerContext& context, Role role) const;

  const Rules rules_;
  std::shared_ptr<const Tokens> tokens_;
  Counter& refused_;
};

}  // namespace recurd
