// The daemon: builds the parts as locals, in order; destruction reverses it. The main thread is the admin thread: it
// loads the models, then waits for a signal: one that ends the daemon, SIGHUP to read certificates and tokens again,
// or its own that there is something to repair or a model to load.
// The serving thread owns the queue, the sessions and the pipeline (rpc/server.h).
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/base/status_macros.h"
#include "server/base/systemd.h"
#include "server/base/version.h"
#include "server/config.h"
#include "server/engine/engine.h"
#include "server/engine/loader.h"
#include "server/engine/model_changes.h"
#include "server/engine/repairs.h"
#include "server/exporter/exporter.h"
#include "server/numeric/denormals.h"
#include "server/pipeline/factory.h"
#include "server/rpc/credentials.h"
#include "server/rpc/grpc_log.h"
#include "server/rpc/server.h"
#include "server/session/store/sequence_store.h"

namespace recurd {
namespace {

constexpr int kExitCutOff = 1;
constexpr int kExitPipelineLost = 3;
constexpr int kWorkSignal = SIGUSR1;  // to ourselves: the admin thread has work
constexpr int64_t kStoreTimeNs = 5'000'000'000;
constexpr int64_t kFollowNs = 1'000'000'000;  // between two looks at files that may change

// Blocks the signals of the admin thread in this thread and all it starts, so that only sigwait sees them.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  sigaddset(&signals, kWorkSignal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

std::vector<ModelInfo> InfosOf(const std::vector<ModelSummary>& models, const Pipeline& pipeline) {
  std::vector<ModelInfo> infos;
  for (const ModelSummary& m : models) {
    infos.push_back({m.name, m.version, m.fingerprint, pipeline.name(), m.placement});
  }
  return infos;
}

absl::StatusOr<Loader> MakeLoader(const Config& config, Pipeline& pipeline, Pipeline* fallback, Metrics& metrics) {
  RECURD_ASSIGN_OR_RETURN(ModelRepository repository, ModelRepository::Open(config.model_repository));
  return Loader(std::move(repository), pipeline, fallback, metrics, config.latency_objective_ns);
}

// The address with the port that was taken where it asks for a free one.
std::string WithPort(const std::string& address, int port) {
  return port == 0 ? address : absl::StrCat(address.substr(0, address.rfind(':') + 1), port);
}

void SetHealth(RpcServer& rpc, const Catalog& catalog) {
  for (const char* service : {"", "recurd.v1.Recurrent", "inference.GRPCInferenceService", "grpc.health.v1.Health"}) {
    rpc.health().Set(service, true);
  }
  for (const auto& served : catalog.models()) rpc.health().Set(served->model->name, true);
}

// The signal that came, or -1 if none did.
int WaitForSignal(const sigset_t& signals, int64_t at_most_ns) {
  const timespec time = {at_most_ns / 1'000'000'000, at_most_ns % 1'000'000'000};
  return sigtimedwait(&signals, nullptr, &time);
}

void Reload(Credentials& credentials) {
  systemd::Reloading();
  credentials.Reread();
  systemd::Ready("");
}

// Until a signal ends the daemon, or the pipeline is lost, which is false. A signal doesn't wait for a repair, but for
// the one model that is being loaded.
bool WaitForEnd(const sigset_t& signals, Repairs& repairs, ModelChanges& changes, Credentials& credentials) {
  for (;;) {
    const int64_t left_ns = changes.Work() ? 0 : repairs.NsLeft();
    const int signal = WaitForSignal(signals, credentials.has_files() ? std::min(left_ns, kFollowNs) : left_ns);
    if (!repairs.Work()) return false;
    signal == SIGHUP ? Reload(credentials) : credentials.Follow();
    if (signal != SIGTERM && signal != SIGINT) continue;
    LogInfo(absl::StrCat(signal == SIGTERM ? "SIGTERM" : "SIGINT", ": draining"));
    return !repairs.GiveUp();
  }
}

// What draining has left to be written of sequences.
void FinishStore(SequenceStore& store) {
  const size_t left = store.Finish(kStoreTimeNs);
  if (left > 0)
    LogError(absl::StrCat("the last states of ", left, " sequences couldn't be written to --sequence_store"));
}

absl::StatusOr<int> RunDaemon(int argc, char** argv) {
  RECURD_ASSIGN_OR_RETURN(const Config config, ConfigFromCommandLine(argc, argv));
  // gRPC's locks look for deadlocks where Abseil was built with assertions, as Debian's is: 3 to 4 % of a message.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  const sigset_t signals = BlockSignals();
  ShareLogWithGrpc();
  RECURD_ASSIGN_OR_RETURN(const auto credentials, Credentials::Load(config.security));
  const SteadyClock clock;
  Metrics metrics;
  RECURD_ASSIGN_OR_RETURN(const auto pipeline, MakePipeline(config.pipeline));
  std::unique_ptr<Pipeline> fallback;
  if (!config.pipeline_fallback.empty()) {
    RECURD_ASSIGN_OR_RETURN(fallback, MakePipeline({.pipeline = config.pipeline_fallback}));
  }
  Engine engine(*pipeline, metrics, clock, config.engine, fallback.get());
  RECURD_ASSIGN_OR_RETURN(const Loader loader, MakeLoader(config, *pipeline, fallback.get(), metrics));
  auto loaded = loader.LoadAll();
  if (!loaded.ok()) return absl::FailedPreconditionError(loaded.status().message());  // no flag is wrong
  auto models = *std::move(loaded);
  for (auto& served : models) engine.catalog().Put(std::move(served));
  const BuildInfo build = {.version = kVersion,
                           .revision = RECURD_REVISION,
                           .pipeline = pipeline->name(),
                           .numerics_profile = pipeline->numerics_profile(),
                           .target = pipeline->target()};
  RECURD_ASSIGN_OR_RETURN(const auto exporter, Exporter::Start(config.metrics_listen, metrics, build,
                                                               credentials->tokens(), config.sockets.metrics.fd));
  exporter->SetModels(InfosOf(engine.catalog().Summaries(), *pipeline));
  std::optional<SequenceStore> store;
  if (config.sequence_store) store.emplace(*config.sequence_store, metrics.store, clock);
  // systemd's watchdog is fed by the serving thread, twice in its time: one that hangs starves it.
  RECURD_ASSIGN_OR_RETURN(const auto rpc, RpcServer::Listen({.listen = config.listen,
                                                             .reflection = config.reflection,
                                                             .admin_listen = config.security.admin_listen,
                                                             .tls = credentials->tls(),
                                                             .tokens = credentials->tokens(),
                                                             .connections = config.connections,
                                                             .sequence_store = store ? &*store : nullptr,
                                                             .listen_fd = config.sockets.grpc.fd,
                                                             .admin_fd = config.sockets.admin.fd,
                                                             .heartbeat = &systemd::KeepAlive,
                                                             .heartbeat_ns = systemd::WatchdogNs() / 2},
                                                            engine, metrics, clock));
  credentials->OnTokens([&](const std::shared_ptr<const Tokens>& tokens) {
    exporter->SetTokens(tokens);
    rpc->mailbox().Post([&access = rpc->access(), tokens] { access.SetTokens(tokens); });
  });
  SetHealth(*rpc, engine.catalog());
  const auto wake = [] { kill(getpid(), kWorkSignal); };
  Repairs repairs(engine, rpc->mailbox(), wake);
  ModelChanges changes(
      engine, rpc->mailbox(), wake,
      [&loader](const std::string& name, const std::string& version) { return loader.Load(name, version); },
      [&](const std::vector<ModelSummary>& now) { exporter->SetModels(InfosOf(now, *pipeline)); });
  rpc->SetModelChanges(&changes);

  std::thread serving([&rpc] {
    const ScopedFlushToZero flush_to_zero;
    rpc->Run();
  });
  LogInfo(absl::StrCat("recurd ", kVersion, " serves ", models.size(), models.size() == 1 ? " model" : " models",
                       " on ", WithPort(config.listen, rpc->port()), " (pipeline ", pipeline->name(), " on ",
                       pipeline->target(), fallback ? absl::StrCat(", fallback ", fallback->name()) : "", "), ",
                       exporter->port() == 0
                           ? "no metrics"
                           : absl::StrCat("metrics on ", WithPort(config.metrics_listen, exporter->port()))));
  rpc->mailbox().Post([status = absl::StrCat("serving on ", config.listen, ", pipeline ", pipeline->name())] {
    systemd::Ready(status);  // from the serving thread, so that its loop turns
  });
  const bool up = WaitForEnd(signals, repairs, changes, *credentials);
  systemd::Stopping("draining");
  const RpcServer::Stopped stopped = rpc->Stop(config.drain_timeout_ns);
  if (stopped == RpcServer::Stopped::kStuck) {
    LogError("the serving thread hangs in the pipeline: ending without it");
    if (store) FinishStore(*store);
    std::_Exit(up ? kExitCutOff : kExitPipelineLost);
  }
  serving.join();
  if (store) FinishStore(*store);
  const bool lost = !repairs.Work();  // also what came while draining
  const bool in_time = stopped == RpcServer::Stopped::kDrained;
  if (!in_time) LogError("calls were cut off at the end of --drain_timeout");
  LogInfo("stopped");
  if (lost) std::_Exit(kExitPipelineLost);  // not through the destructors of what may never answer
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
