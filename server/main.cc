// The daemon: builds the parts as locals, in order; destruction reverses it. The main thread is the admin thread: it
// loads the models, then waits for a signal: one that ends the daemon, or its own that there is something to repair.
// The serving thread owns the queue, the sessions and the pipeline (rpc/server.h).
#include <sys/types.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/base/status_macros.h"
#include "server/base/version.h"
#include "server/config.h"
#include "server/engine/engine.h"
#include "server/engine/repairs.h"
#include "server/exporter/exporter.h"
#include "server/model/repository.h"
#include "server/numeric/denormals.h"
#include "server/pipeline/factory.h"
#include "server/rpc/server.h"

namespace recurd {
namespace {

constexpr int kExitCutOff = 1;
constexpr int kExitPipelineLost = 3;
constexpr int kWorkSignal = SIGUSR1;  // to ourselves: the admin thread has work

// Blocks the signals of the admin thread in this thread and all it starts, so that only sigwait sees them.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, kWorkSignal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

void LogPlacement(const Model& model, const Placement& placement) {
  const ModelledTime& time = placement.modelled;
  LogInfo(absl::StrCat("model ", model.name, "/", model.version, " lies on the array by the mapping ",
                       placement.mapping, ", ", placement.tile_count, " tiles; modelled: first step ",
                       static_cast<int64_t>(time.first_ns), " ns, then ", static_cast<int64_t>(time.steady_ns),
                       " ns a step, switch ", static_cast<int64_t>(time.switch_ns), " ns"));
}

std::optional<Placement> CopyOf(const Placement* placement) {
  return placement == nullptr ? std::nullopt : std::optional<Placement>(*placement);
}

absl::StatusOr<std::shared_ptr<ServedModel>> Serve(const std::shared_ptr<const Model>& model, Pipeline& pipeline,
                                                   Pipeline* fallback, Metrics& metrics, const Config& config) {
  auto served = std::make_shared<ServedModel>();
  served->model = model;
  RECURD_ASSIGN_OR_RETURN(served->prepared, pipeline.Prepare(model));
  served->metrics = metrics.AddModel(model->name, pipeline.name(), config.latency_objective_ns);
  if (fallback != nullptr) {
    RECURD_ASSIGN_OR_RETURN(served->fallback, fallback->Prepare(model));
    served->fallback_metrics = metrics.AddModel(model->name, fallback->name(), config.latency_objective_ns);
  }
  LogInfo(absl::StrCat("model ", model->name, "/", model->version, ": ", model->input_size, " in, ", model->output_size,
                       " out, ", model->state_size(), " state, ", model->parameter_count, " parameters, step ",
                       static_cast<int64_t>(served->prepared->step_ns()), " ns measured on ", pipeline.name()));
  if (const Placement* placement = served->prepared->placement()) LogPlacement(*model, *placement);
  return served;
}

absl::Status LoadModels(const Config& config, Pipeline& pipeline, Pipeline* fallback, Metrics& metrics, Engine& engine,
                        std::vector<ModelInfo>* infos) {
  RECURD_ASSIGN_OR_RETURN(auto models, LoadRepository(config.model_repository));
  for (const auto& model : models) {
    RECURD_ASSIGN_OR_RETURN(auto served, Serve(model, pipeline, fallback, metrics, config));
    infos->push_back({served->model->name, served->model->version, served->model->fingerprint, pipeline.name(),
                      CopyOf(served->prepared->placement())});
    engine.catalog().Put(std::move(served));
  }
  return absl::OkStatus();
}

void SetHealth(RpcServer& rpc, const std::vector<ModelInfo>& models) {
  for (const char* service : {"", "recurd.v1.Recurrent", "inference.GRPCInferenceService", "grpc.health.v1.Health"}) {
    rpc.health().Set(service, true);
  }
  for (const ModelInfo& model : models) rpc.health().Set(model.model, true);
}

// Until a signal ends the daemon, or the pipeline is lost, which is false.
bool WaitForEnd(const sigset_t& signals, Repairs& repairs) {
  for (;;) {
    int signal = 0;
    sigwait(&signals, &signal);
    if (signal != kWorkSignal) {
      LogInfo(absl::StrCat(signal == SIGTERM ? "SIGTERM" : "SIGINT", ": draining"));
      return true;
    }
    if (!repairs.Work()) return false;
  }
}

absl::StatusOr<int> RunDaemon(int argc, char** argv) {
  RECURD_ASSIGN_OR_RETURN(const Config config, ConfigFromCommandLine(argc, argv));
  const sigset_t signals = BlockSignals();
  const SteadyClock clock;
  Metrics metrics;
  RECURD_ASSIGN_OR_RETURN(const auto pipeline, MakePipeline(config.pipeline));
  std::unique_ptr<Pipeline> fallback;
  if (!config.pipeline_fallback.empty()) {
    RECURD_ASSIGN_OR_RETURN(fallback, MakePipeline({.pipeline = config.pipeline_fallback}));
  }
  Engine engine(*pipeline, metrics, clock, config.engine, fallback.get());
  std::vector<ModelInfo> models;
  RECURD_RETURN_IF_ERROR(LoadModels(config, *pipeline, fallback.get(), metrics, engine, &models));
  const BuildInfo build = {.version = kVersion,
                           .revision = "",
                           .pipeline = pipeline->name(),
                           .numerics_profile = pipeline->numerics_profile(),
                           .target = pipeline->target()};
  RECURD_ASSIGN_OR_RETURN(const auto exporter, Exporter::Start(config.metrics_listen, metrics, build));
  exporter->SetModels(models);
  RECURD_ASSIGN_OR_RETURN(const auto rpc,
                          RpcServer::Listen({config.listen, config.reflection}, engine, metrics, clock));
  SetHealth(*rpc, models);
  Repairs repairs(engine, rpc->mailbox(), [] { kill(getpid(), kWorkSignal); });

  std::thread serving([&rpc] {
    const ScopedFlushToZero flush_to_zero;
    rpc->Run();
  });
  LogInfo(absl::StrCat("recurd ", kVersion, " serves ", models.size(), " models on ", config.listen, " (port ",
                       rpc->port(), ", pipeline ", pipeline->name(), " on ", pipeline->target(),
                       fallback ? absl::StrCat(", fallback ", fallback->name()) : "", "), metrics on port ",
                       exporter->port()));
  const bool asked = WaitForEnd(signals, repairs);
  const RpcServer::Stopped stopped = rpc->Stop(config.drain_timeout_ns);
  if (stopped == RpcServer::Stopped::kStuck) {
    LogError("the serving thread hangs in the pipeline: ending without it");
    std::_Exit(asked ? kExitCutOff : kExitPipelineLost);
  }
  serving.join();
  const bool in_time = stopped == RpcServer::Stopped::kDrained;
  if (!in_time) LogError("calls were cut off at the end of --drain_timeout");
  LogInfo("stopped");
  if (!asked) std::_Exit(kExitPipelineLost);  // not through the destructor of a pipeline that may never answer
  return in_time ? 0 : kExitCutOff;
}

}  // namespace
}  // namespace recurd

int main(int argc, char** argv) {
  const absl::StatusOr<int> code = recurd::RunDaemon(argc, argv);
  if (code.ok()) return *code;
  recurd::LogError(std::string(code.status().message()));
  return code.status().code() == absl::StatusCode::kInvalidArgument ? 2 : 1;
}
