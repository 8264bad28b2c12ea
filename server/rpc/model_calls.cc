#include "absl/strings/str_cat.h"
#include "server/base/version.h"
#include "server/rpc/calls.h"
#include "server/rpc/convert.h"
#include "server/rpc/server.h"
#include "server/rpc/unary_call.h"

namespace recurd {
namespace {

using Service = v1::Recurrent::AsyncService;

grpc::Status ListModels(RpcServer* rpc, const v1::ListModelsRequest&, v1::ListModelsResponse* response) {
  const bool ready = rpc->engine().pipeline_up() || rpc->engine().fallback() != nullptr;
  for (const auto& served : rpc->engine().catalog().models()) {
    auto* entry = response->add_models();
    entry->set_name(served->model->name);
    entry->set_version(served->model->version);
    entry->set_whole_sequence_reason(served->model->whole_sequence_reason);
    entry->set_state(ready ? "READY" : "UNAVAILABLE: the pipeline is being repaired");
  }
  return grpc::Status::OK;
}

grpc::Status GetModel(RpcServer* rpc, const v1::GetModelRequest& request, v1::GetModelResponse* response) {
  const auto served = FindModel(rpc->engine().catalog(), request.model(), request.version());
  if (!served.ok()) return ToGrpc(served.status());
  DescribeModel(**served, rpc->engine().pipeline(), response);
  return grpc::Status::OK;
}

grpc::Status GetServerInfo(RpcServer* rpc, const v1::GetServerInfoRequest&, v1::GetServerInfoResponse* response) {
  const EngineOptions& options = rpc->engine().options();
  response->set_version(kVersion);
  response->set_api_minor(kApiMinor);
  response->set_pipeline(rpc->engine().pipeline().name());
  response->set_numerics_profile(rpc->engine().pipeline().numerics_profile());
  response->set_target(rpc->engine().pipeline().target());
  response->set_max_sessions(static_cast<uint32_t>(options.max_sessions));
  response->set_sessions_active(static_cast<uint32_t>(rpc->engine().session_count()));
  response->set_max_chunk_steps(static_cast<uint32_t>(options.max_chunk_steps));
  response->set_max_message_bytes(static_cast<uint32_t>(options.max_message_bytes));
  response->set_quantum_us(static_cast<uint32_t>(options.quantum_ns / 1000));
  response->set_uptime_ms(rpc->uptime_ms());
  response->set_draining(rpc->engine().draining());
  if (rpc->engine().fallback() != nullptr) response->set_fallback(rpc->engine().fallback()->name());
  response->set_capacity_used_ratio(rpc->engine().capacity_used());
  response->set_sessions_detached(static_cast<uint32_t>(rpc->engine().detached_count()));
  return grpc::Status::OK;
}

void LoadModel(RpcServer* rpc, const v1::LoadModelRequest& request, v1::LoadModelResponse* response,
               LaterStatus* later) {
  rpc->ChangeModel({ModelChanges::Request::Kind::kLoad, request.model(), request.version()},
                   [response, later](const absl::StatusOr<ModelChange>& change) {
                     later->status = ToGrpc(change.status());
                     if (change.ok()) {
                       response->set_version(change->versions.front());
                       for (const std::string& version : change->versions) response->add_versions(version);
                       response->set_sessions_left(static_cast<uint32_t>(change->sessions));
                     }
                     later->known.Set();
                   });
}

void UnloadModel(RpcServer* rpc, const v1::UnloadModelRequest& request, v1::UnloadModelResponse* response,
                 LaterStatus* later) {
  rpc->ChangeModel({ModelChanges::Request::Kind::kUnload, request.model(), request.version()},
                   [response, later](const absl::StatusOr<ModelChange>& change) {
                     later->status = ToGrpc(change.status());
                     if (change.ok()) {
                       for (const std::string& version : change->versions) response->add_versions(version);
                       response->set_sessions_left(static_cast<uint32_t>(change->sessions));
                     }
                     later->known.Set();
                   });
}

}  // namespace

void ServeModelCalls(RpcServer* rpc) {
  ServeUnary(rpc, &rpc->recurrent(), &Service::RequestListModels, Role::kStream, &ListModels);
  ServeUnary(rpc, &rpc->recurrent(), &Service::RequestGetModel, Role::kStream, &GetModel);
  ServeUnary(rpc, &rpc->recurrent(), &Service::RequestGetServerInfo, Role::kStreamOrAdmin, &GetServerInfo);
  ServeUnary(rpc, &rpc->recurrent(), &Service::RequestLoadModel, Role::kAdmin, &LoadModel);
  ServeUnary(rpc, &rpc->recurrent(), &Service::RequestUnloadModel, Role::kAdmin, &UnloadModel);
}

}  // namespace recurd
