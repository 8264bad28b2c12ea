#include <string>

#include "absl/strings/str_cat.h"
#include "server/base/version.h"
#include "server/rpc/kserve_models.h"
#include "server/rpc/kserve_parameters.h"
#include "server/rpc/kserve_service.h"
#include "server/rpc/server.h"
#include "server/rpc/unary_call.h"

namespace recurd::kserve {
namespace {

using Async = Service::Async;

bool IsReady(RpcServer* rpc) { return UnavailableReason(rpc->engine()).empty(); }

// Errors: NOT_FOUND.
grpc::Status Find(RpcServer* rpc, const std::string& name, const std::string& version,
                  std::shared_ptr<ServedModel>* served) {
  *served = rpc->engine().catalog().Find(name, version);
  if (*served) return grpc::Status::OK;
  return {grpc::StatusCode::NOT_FOUND, UnknownModelText(rpc->engine().catalog(), name, version)};
}

grpc::Status ServerLive(RpcServer*, const inference::ServerLiveRequest&, inference::ServerLiveResponse* response) {
  response->set_live(true);
  return grpc::Status::OK;
}

grpc::Status ServerReady(RpcServer* rpc, const inference::ServerReadyRequest&,
                         inference::ServerReadyResponse* response) {
  response->set_ready(IsReady(rpc));
  return grpc::Status::OK;
}

// A model that there is none of isn't ready, which is no error.
grpc::Status ModelReady(RpcServer* rpc, const inference::ModelReadyRequest& request,
                        inference::ModelReadyResponse* response) {
  response->set_ready(IsReady(rpc) && rpc->engine().catalog().Find(request.name(), request.version()) != nullptr);
  return grpc::Status::OK;
}

grpc::Status ServerMetadata(RpcServer*, const inference::ServerMetadataRequest&,
                            inference::ServerMetadataResponse* response) {
  response->set_name("recurd");
  response->set_version(kVersion);
  for (const char* extension :
       {"sequence", "sequence(string_id)", "statistics", "model_configuration", "model_repository", "parameters"}) {
    response->add_extensions(extension);
  }
  return grpc::Status::OK;
}

grpc::Status ModelMetadata(RpcServer* rpc, const inference::ModelMetadataRequest& request,
                           inference::ModelMetadataResponse* response) {
  std::shared_ptr<ServedModel> served;
  grpc::Status status = Find(rpc, request.name(), request.version(), &served);
  if (served) DescribeMetadata(rpc->engine().catalog(), *served->model, request.version(), response);
  return status;
}

grpc::Status ModelConfig(RpcServer* rpc, const inference::ModelConfigRequest& request,
                         inference::ModelConfigResponse* response) {
  std::shared_ptr<ServedModel> served;
  grpc::Status status = Find(rpc, request.name(), request.version(), &served);
  if (served) DescribeConfig(*served->model, rpc->engine().options(), response->mutable_config());
  return status;
}

grpc::Status ModelStatistics(RpcServer* rpc, const inference::ModelStatisticsRequest& request,
                             inference::ModelStatisticsResponse* response) {
  for (const auto& served : rpc->engine().catalog().models()) {
    const Model& model = *served->model;
    const bool wanted = (request.name().empty() || request.name() == model.name) &&
                        (request.version().empty() || request.version() == model.version);
    if (wanted) DescribeStatistics(*served, response->add_model_stats());
  }
  if (request.name().empty() || response->model_stats_size() > 0) return grpc::Status::OK;
  return {grpc::StatusCode::NOT_FOUND, UnknownModelText(rpc->engine().catalog(), request.name(), request.version())};
}

grpc::Status RepositoryIndex(RpcServer* rpc, const inference::RepositoryIndexRequest& request,
                             inference::RepositoryIndexResponse* response) {
  const std::string reason = UnavailableReason(rpc->engine());
  if (request.ready() && !reason.empty()) return grpc::Status::OK;
  for (const auto& served : rpc->engine().catalog().models()) {
    auto* model = response->add_models();
    model->set_name(served->model->name);
    model->set_version(served->model->version);
    model->set_state(reason.empty() ? "READY" : "UNAVAILABLE");
    model->set_reason(reason);
  }
  return grpc::Status::OK;
}

// Errors: INVALID_ARGUMENT naming what can't be had. `allowed`: the one parameter that may be set.
grpc::Status CheckChange(const std::string& repository,
                         const google::protobuf::Map<std::string, inference::ModelRepositoryParameter>& parameters,
                         const std::string& allowed) {
  if (!repository.empty()) {
    return {grpc::StatusCode::INVALID_ARGUMENT, absl::StrCat("repository_name is '", Shown(repository),
                                                             "'; there is one repository: leave the name empty")};
  }
  for (const auto& [name, value] : parameters) {
    if (name == allowed) continue;
    return {grpc::StatusCode::INVALID_ARGUMENT,
            absl::StrCat("the parameter '", Shown(name),
                         "' can't be had: a model and its config.pbtxt are what the repository holds")};
  }
  return grpc::Status::OK;
}

void Change(RpcServer* rpc, ModelChanges::Request::Kind kind, const std::string& model, LaterStatus* later) {
  rpc->ChangeModel({kind, model, ""}, [later](const absl::StatusOr<ModelChange>& change) {
    later->status = ToGrpc(change.status());
    later->known.Set();
  });
}

void RepositoryModelLoad(RpcServer* rpc, const inference::RepositoryModelLoadRequest& request,
                         inference::RepositoryModelLoadResponse*, LaterStatus* later) {
  later->status = CheckChange(request.repository_name(), request.parameters(), "");
  if (!later->status.ok()) return later->known.Set();
  Change(rpc, ModelChanges::Request::Kind::kLoad, request.model_name(), later);
}

void RepositoryModelUnload(RpcServer* rpc, const inference::RepositoryModelUnloadRequest& request,
                           inference::RepositoryModelUnloadResponse*, LaterStatus* later) {
  later->status = CheckChange(request.repository_name(), request.parameters(), "unload_dependents");
  if (!later->status.ok()) return later->known.Set();
  Change(rpc, ModelChanges::Request::Kind::kUnload, request.model_name(), later);
}

}  // namespace

void ServeModelCalls(Service* service) {
  RpcServer* rpc = service->rpc();
  Async* async = &service->async();
  ServeUnary(rpc, async, &Async::RequestServerLive, Role::kStream, &ServerLive);
  ServeUnary(rpc, async, &Async::RequestServerReady, Role::kStream, &ServerReady);
  ServeUnary(rpc, async, &Async::RequestModelReady, Role::kStream, &ModelReady);
  ServeUnary(rpc, async, &Async::RequestServerMetadata, Role::kStream, &ServerMetadata);
  ServeUnary(rpc, async, &Async::RequestModelMetadata, Role::kStream, &ModelMetadata);
  ServeUnary(rpc, async, &Async::RequestModelConfig, Role::kStream, &ModelConfig);
  ServeUnary(rpc, async, &Async::RequestModelStatistics, Role::kStream, &ModelStatistics);
  ServeUnary(rpc, async, &Async::RequestRepositoryIndex, Role::kStream, &RepositoryIndex);
  ServeUnary(rpc, async, &Async::RequestRepositoryModelLoad, Role::kAdmin, &RepositoryModelLoad);
  ServeUnary(rpc, async, &Async::RequestRepositoryModelUnload, Role::kAdmin, &RepositoryModelUnload);
}

}  // namespace recurd::kserve
