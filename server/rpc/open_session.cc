#include "server/rpc/open_session.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "server/base/status_macros.h"
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

  // What can be said without a model.
  absl::Status Read();
  // Fills in what depends on the model. The profile is the one that the session goes on under.
  absl::Status CheckState(const ServedModel& served, std::string* profile);
  absl::Status CheckAttach(const ServedSession& session, std::string* profile, Refusal* refusal);
  grpc::Status Attach(ServedSession* session, SessionClient* client, std::string* profile);
  grpc::Status Create(const Caller& caller, SessionClient* client, ServedSession** session, std::string* profile);
};

absl::Status Opening::CheckState(const ServedModel& served, std::string* profile) {
  options.on_fallback = rpc->engine().BeginsOnFallback(served, options.state, options.allow_profile_change);
  *profile = served.On(options.on_fallback).numerics_profile();
  if (options.state == nullptr) return absl::OkStatus();
  return image.Check(*served.model, *profile, options.allow_profile_change);
}

absl::Status Opening::Read() {
  RECURD_RETURN_IF_ERROR(FromProto(open, &options));
  if (!open.session_id().empty()) RECURD_RETURN_IF_ERROR(CheckSessionId(open.session_id()));
  if (open.session_id().empty() && open.mode() == v1::Open::ATTACH) {
    return absl::InvalidArgumentError("open.mode is ATTACH, which needs the session_id of the session to attach to");
  }
  if (open.has_state()) {
    image = FromProto(open.state());
    options.state = &image;
  }
  return absl::OkStatus();
}

absl::Status Opening::CheckAttach(const ServedSession& session, std::string* profile, Refusal* refusal) {
  const Model& model = *session.served->model;
  *refusal = Refusal::kMalformed;
  if ((!open.model().empty() && open.model() != model.name) ||
      (!open.version().empty() && open.version() != model.version)) {
    return absl::FailedPreconditionError(absl::StrCat("the session is one of model '", model.name, "' version ",
                                                      model.version,
                                                      ", not of the one asked for: leave model and "
                                                      "version empty to attach"));
  }
  *refusal = Refusal::kBadState;
  return CheckState(*session.served, profile);
}

grpc::Status Opening::Attach(ServedSession* session, SessionClient* client, std::string* profile) {
  Refusal refusal;
  if (const absl::Status status = CheckAttach(*session, profile, &refusal); !status.ok()) {
    return Refused(rpc, refusal, status);
  }
  rpc->engine().Attach(session, options, client);
  if (options.state == nullptr) *profile = session->served->On(session->by_fallback).numerics_profile();
  return grpc::Status::OK;
}

grpc::Status Opening::Create(const Caller& caller, SessionClient* client, ServedSession** session,
                             std::string* profile) {
  const auto served = FindModel(rpc->engine().catalog(), open.model(), open.version());
  if (!served.ok()) return Refused(rpc, Refusal::kUnknownModel, served.status());
  const Model& model = *(*served)->model;
  if (!model.streams()) {
    return Refused(rpc, Refusal::kWholeSequence, absl::FailedPreconditionError(WholeSequenceText(model)));
  }
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

uint64_t FenceToOpen(RpcServer* rpc, const Caller& caller, const v1::Open& open) {
  if (open.mode() == v1::Open::CREATE || open.session_id().empty()) return 0;
  ServedSession* session = rpc->engine().Find(SessionKey(caller.identity, open.session_id()));
  if (session == nullptr || !rpc->engine().IsRunning(session)) return 0;
  Opening opening{.rpc = rpc, .open = open};
  std::string profile;
  Refusal refusal;
  if (!opening.Read().ok() || !opening.CheckAttach(*session, &profile, &refusal).ok()) return 0;
  rpc->engine().Detach(session, EndReason::kTakenOver);
  return session->serial;
}

grpc::Status OpenSession(RpcServer* rpc, const Caller& caller, const v1::Open& open, SessionClient* client,
                         ServedSession** session, std::string* profile) {
  if (client == nullptr && rpc->engine().options().linger_ns == 0) {
    return Refused(rpc, Refusal::kUnsupported,
                   absl::FailedPreconditionError("a session that nobody is attached to ends at once on this server "
                                                 "(--session_linger=0): open a stream with the state instead"));
  }
  Opening opening{.rpc = rpc, .open = open};
  if (const absl::Status status = opening.Read(); !status.ok()) return Refused(rpc, Refusal::kMalformed, status);
  if (rpc->engine().draining()) {
    return Refused(rpc, Refusal::kDraining,
                   absl::UnavailableError(RefusalText(Refusal::kDraining, rpc->engine().options())));
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
