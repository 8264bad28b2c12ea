// The unary calls about sessions: list, get, export, import, close.
#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "server/rpc/calls.h"
#include "server/rpc/convert.h"
#include "server/rpc/open_session.h"
#include "server/rpc/server.h"
#include "server/rpc/unary_call.h"

namespace recurd {
namespace {

using Service = v1::Recurrent::AsyncService;

constexpr uint32_t kDefaultPage = 100, kMaxPage = 1000;
constexpr int kMaxPassedOver = 20'000;  // sessions of other models that one call looks at

void Describe(const ServedSession& session, int64_t now_ns, v1::SessionInfo* info) {
  info->set_handle(session.Handle());
  info->set_model(session.served->model->name);
  info->set_version(session.served->model->version);
  info->set_next_step(session.state.expected_step());
  info->set_epoch(session.epoch);
  const bool held = session.attached() && session.kind == SessionKind::kStream;
  info->set_attached(held);
  const int64_t since_ns = session.attached() ? session.last_message_ns : session.detached_ns;
  const bool busy = !session.queue.empty();
  info->set_idle_ms(busy ? 0 : static_cast<uint64_t>(std::max<int64_t>(now_ns - since_ns, 0) / 1'000'000));
  info->set_age_ms(static_cast<uint64_t>((now_ns - session.opened_ns) / 1'000'000));
  info->set_identity(session.identity);
  if (session.kind == SessionKind::kSequence) info->set_kind("kserve");
}

grpc::Status ListSessions(RpcServer* rpc, const v1::ListSessionsRequest& request, v1::ListSessionsResponse* response) {
  uint64_t after = 0;
  if (!request.page_token().empty() && !absl::SimpleAtoi(request.page_token(), &after)) {
    return {grpc::StatusCode::INVALID_ARGUMENT,
            "page_token is none that this server gave: leave it empty for the first page"};
  }
  const uint32_t size = request.page_size() == 0 ? kDefaultPage : std::min(request.page_size(), kMaxPage);
  const int64_t now_ns = rpc->clock().NowNs();
  const ServedSession* session = rpc->engine().Next(after);
  for (int seen = 0; session != nullptr && seen < kMaxPassedOver; ++seen, session = rpc->engine().Next(after)) {
    if (response->sessions_size() == static_cast<int>(size)) break;
    after = session->serial;
    if (!request.model().empty() && session->served->model->name != request.model()) continue;
    Describe(*session, now_ns, response->add_sessions());
  }
  if (session != nullptr) response->set_next_page_token(absl::StrCat(after));
  return grpc::Status::OK;
}

// The session that `id` names: by its id, or, for administrators, by its handle.
grpc::Status FindSession(RpcServer* rpc, const Caller& caller, const std::string& id, ServedSession** session) {
  if (id.empty() || id.front() != '@') {
    if (const absl::Status status = CheckSessionId(id); !status.ok()) return ToGrpc(status);
    *session = rpc->engine().Find(SessionKey(caller.identity, id));
    return *session != nullptr ? grpc::Status::OK : UnknownSession(rpc, caller, id);
  }
  if (!caller.admin) {
    return {grpc::StatusCode::PERMISSION_DENIED, "a session's handle is for administrators; give its session_id"};
  }
  uint64_t serial = 0;
  *session = absl::SimpleAtoi(id.substr(1), &serial) ? rpc->engine().Find(serial) : nullptr;
  if (*session != nullptr && !(*session)->unary()) return grpc::Status::OK;
  return {grpc::StatusCode::NOT_FOUND,
          absl::StrCat("there is no session ", id.substr(0, 24), "; it has ended, or never was")};
}

grpc::Status GetSession(RpcServer* rpc, const Caller& caller, const v1::GetSessionRequest& request,
                        v1::GetSessionResponse* response) {
  ServedSession* session = nullptr;
  grpc::Status status = FindSession(rpc, caller, request.session_id(), &session);
  if (status.ok()) Describe(*session, rpc->clock().NowNs(), response->mutable_session());
  return status;
}

grpc::Status ExportSession(RpcServer* rpc, const Caller& caller, const v1::ExportSessionRequest& request,
                           v1::ExportSessionResponse* response) {
  ServedSession* session = nullptr;
  grpc::Status status = FindSession(rpc, caller, request.session_id(), &session);
  if (!status.ok()) return status;
  if (!session->state.in_sequence()) {
    return {grpc::StatusCode::FAILED_PRECONDITION,
            "the session is between two sequences and has no state: export it after its next chunk"};
  }
  ToProto(SealStateBetweenChunks(*session), response->mutable_state());
  response->set_model(session->served->model->name);
  response->set_version(session->served->model->version);
  return grpc::Status::OK;
}

grpc::Status ImportSession(RpcServer* rpc, const Caller& caller, const v1::ImportSessionRequest& request,
                           v1::ImportSessionResponse* response) {
  if (!request.has_state()) {
    return {grpc::StatusCode::INVALID_ARGUMENT, "state is missing: give what ExportSession or a Checkpoint gave"};
  }
  v1::Open open;
  open.set_model(request.model());
  open.set_version(request.version());
  *open.mutable_state() = request.state();
  open.set_allow_profile_change(request.allow_profile_change());
  ServedSession* session = nullptr;
  std::string profile;
  grpc::Status status = OpenSession(rpc, caller, open, nullptr, &session, &profile);
  if (!status.ok()) return status;
  response->set_session_id(std::string(session->id()));
  response->set_next_step(session->state.next_step());
  return status;
}

grpc::Status CloseSession(RpcServer* rpc, const Caller& caller, const v1::CloseSessionRequest& request,
                          v1::CloseSessionResponse* response) {
  ServedSession* session = nullptr;
  grpc::Status status = FindSession(rpc, caller, request.session_id(), &session);
  if (!status.ok()) return status;
  response->set_next_step(session->state.expected_step());
  const bool by_handle = request.session_id().front() == '@';
  rpc->engine().End(session, by_handle ? EndReason::kEvicted : EndReason::kClosed,
                    by_handle ? "by an administrator" : "by CloseSession");
  return status;
}

}  // namespace

void ServeSessionCalls(RpcServer* rpc) {
  Service* service = &rpc->recurrent();
  ServeUnary(rpc, service, &Service::RequestListSessions, Role::kAdmin, &ListSessions);
  ServeUnary(rpc, service, &Service::RequestGetSession, Role::kStreamOrAdmin, &GetSession);
  ServeUnary(rpc, service, &Service::RequestExportSession, Role::kStreamOrAdmin, &ExportSession);
  ServeUnary(rpc, service, &Service::RequestImportSession, Role::kStream, &ImportSession);
  ServeUnary(rpc, service, &Service::RequestCloseSession, Role::kStreamOrAdmin, &CloseSession);
}

}  // namespace recurd
