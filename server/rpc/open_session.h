#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "grpcpp/support/status.h"
#include "proto/recurd/v1/recurd.pb.h"
#include "server/engine/engine.h"
#include "server/rpc/access.h"
#include "server/rpc/server.h"

namespace recurd {

// Finds, creates or takes over the session that `open` asks for, and attaches `client` to it; null: nobody, it lingers.
// *profile: the numerics profile its next steps will have. Refusals are counted, and leave *session as it was.
// Errors: as recurd.v1.Recurrent.Stream's.
grpc::Status OpenSession(RpcServer* rpc, const Caller& caller, const v1::Open& open, SessionClient* client,
                         ServedSession** session, std::string* profile);

// To be called before OpenSession: where `open` rightly asks for a session that is running, that session is taken
// from its client, and this is its number, else 0. OpenSession must wait until it isn't running.
uint64_t FenceToOpen(RpcServer* rpc, const Caller& caller, const v1::Open& open);

// How the session ended, or that it isn't known, for a caller that asked for it; counted as a refusal.
grpc::Status UnknownSession(RpcServer* rpc, const Caller& caller, absl::string_view id);

}  // namespace recurd
