#include "server/rpc/open_session.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "server/rpc/convert.h"

namespace recurd {
namespace {

grpc::Status Refused(RpcServer* rpc, Refusal refusal, const absl::Status& status) {
  rpc->metrics().server.refusals[static_cast<size_t>(refusal)].Add();
  return ToGrpc(status);
}

// An Open on its way to a session.
struct Opening {
  RpcServer* const rpc;
  const v1::Open& open;
  SessionOptions options;
  StateImage image;

  // Fills in what depends on the model. The profile is the one that the session goes on under.
  absl::Status CheckState(const ServedModel& served, std::string* profile);
  grpc::Status Attach(ServedSession* session, SessionClient* client, std::string* profile);
  grpc::Status Create(const Caller& caller, SessionClient* client, ServedSession** session, std::string* profile);
};

absl::Status Opening::CheckState(const ServedModel& served, std::string* profile) {
  options.on_fallback = rpc->engine().BeginsOnFallback(served, options.state, options.allow_profile_change);
  *profile = served.On(options.on_fallback).numerics_profile();
  if (options.state == nullptr) return absl::OkStatus();
  return image.Check(*served.model, *profile, options.allow_profile_change);
}

grpc::Status Opening::Attach(ServedSession* session, SessionClient* client, std::string* profile) {
  const Model& model = *session->served->model;
  if ((!open.model().empty() && open.model() != model.name) ||
      (!open.version().empty() && open.version() != model.version)) {
    return Refused(rpc, Refusal::kMalformed,
                   absl::FailedPreconditionError(absl::StrCat("the session is one of model '", model.name, "' version ",
                                                              model.version, ", not of '", open.model(), "' version '",
                                                              open.version(), "': leave both empty to attach")));
  }
  const absl::Status status = CheckState(*session->served, profile);
  if (!status.ok()) return Refused(rpc, Refusal::kBadState, status);
  if (options.state == nullptr) *profile = session->served->On(session->by_fallback).numerics_profile();
  rpc->engine().Attach(session, options, client);
  return grpc::Status::OK;
}

grpc::Status Opening::Create(const Caller& caller, SessionClient* client, ServedSession** session,
                             std::string* profile) {
  const auto served = FindModel(rpc->engine().catalog(), open.model(), open.version());
  if (!served.ok()) return Refused(rpc, Refusal::kUnknownModel, served.status());
  const absl::Status status = CheckState(**served, profile);
  if (!status.ok()) return Refused(rpc, Refusal::kBadState, status);
  Refusal refusal;
  *session =
      rpc->engine().Open(*served, options, client, &refusal, {.identity = caller.identity, .id = open.session_id()});
  if (*session != nullptr) return grpc::Status::OK;
  return {static_cast<grpc::StatusCode>(RefusalCode(refusal)), RefusalText(refusal, rpc->engine().options())};
}

std::string SecondsAgo(int64_t ns) { return absl::StrCat(ns / 1'000'000'000, " s ago"); }

}  // namespace

grpc::Status UnknownSession(RpcServer* rpc, const Caller& caller, absl::string_view id) {
  const int64_t now_ns = rpc->clock().NowNs();
  std::string text = absl::StrCat("session ", ShownSessionId(id), " ");
  if (const SessionEnding* ending = rpc->engine().EndingOf(SessionKey(caller.identity, id))) {
    absl::StrAppend(&text, "is over: ", kEndReasonNames[static_cast<size_t>(ending->reason)], " ",
                    SecondsAgo(now_ns - ending->when_ns), ", before step ", ending->next_step);
  } else {
    const auto uptime = absl::Milliseconds(static_cast<int64_t>(rpc->uptime_ms()));
    absl::StrAppend(&text, "is not known to this server, which started ", SecondsAgo(absl::ToInt64Nanoseconds(uptime)),
                    ", at ", absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::Now() - uptime, absl::UTCTimeZone()));
  }
  absl::StrAppend(&text,
                  "; open one with attach_or_create or create, with the last checkpoint as state to go on from it");
  return Refused(rpc, Refusal::kUnknownSession, absl::NotFoundError(text));
}

grpc::Status OpenSession(RpcServer* rpc, const Caller& caller, const v1::Open& open, SessionClient* client,
                         ServedSession** session, std::string* profile) {
  Opening opening{.rpc = rpc, .open = open};
  absl::Status status = FromProto(open, &opening.options);
  if (status.ok() && !open.session_id().empty()) status = CheckSessionId(open.session_id());
  if (status.ok() && open.session_id().empty() && open.mode() == v1::Open::ATTACH) {
    status = absl::InvalidArgumentError("open.mode is ATTACH, which needs the session_id of the session to attach to");
  }
  if (!status.ok()) return Refused(rpc, Refusal::kMalformed, status);
  if (rpc->engine().draining()) {
    return Refused(rpc, Refusal::kDraining,
                   absl::UnavailableError(RefusalText(Refusal::kDraining, rpc->engine().options())));
  }
  if (open.has_state()) {
    opening.image = FromProto(open.state());
    opening.options.state = &opening.image;
  }
  if (open.mode() != v1::Open::CREATE && !open.session_id().empty()) {
    ServedSession* found = rpc->engine().Find(SessionKey(caller.identity, open.session_id()));
    if (found != nullptr) {
      const grpc::Status attached = opening.Attach(found, client, profile);
      if (attached.ok()) *session = found;
      return attached;
    }
    if (open.mode() == v1::Open::ATTACH) return UnknownSession(rpc, caller, open.session_id());
  }
  return opening.Create(caller, client, session, profile);
}

}  // namespace recurd
