#pragma once

#include <atomic>
#include <functional>
#include <future>
#include <list>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "grpcpp/alarm.h"
#include "grpcpp/grpcpp.h"
#include "proto/grpc/health/v1/health.grpc.pb.h"
#include "proto/recurd/v1/recurd.grpc.pb.h"
#include "server/base/clock.h"
#include "server/base/mailbox.h"
#include "server/engine/engine.h"
#include "server/engine/model_changes.h"
#include "server/rpc/access.h"
#include "server/rpc/health.h"
#include "server/rpc/listeners.h"
#include "server/rpc/task.h"
#include "server/session/store/sequence_store.h"

namespace recurd {

class StreamCall;
namespace kserve {
class Service;
}

struct RpcOptions {
  std::string listen;  // HOST:PORT, [V6]:PORT, or unix:PATH
  bool reflection = false;
  std::string admin_listen = {};              // unix:PATH, which alone answers admin calls then; "": listen does
  std::shared_ptr<ServerTls> tls = {};        // nullptr: plain text
  std::shared_ptr<const Tokens> tokens = {};  // nullptr: nobody needs one
  ConnectionLimits connections = {};
  SequenceStore* sequence_store = nullptr;  // keeps KServe's sequences; must outlive the server
  int listen_fd = -1, admin_fd = -1;        // as ListenOptions
  // Called on the serving thread every `heartbeat_ns` while its loop turns, from the start of Run on; 0: never.
  std::function<void()> heartbeat = {};
  int64_t heartbeat_ns = 0;
};

// The gRPC server: one completion queue, polled by the one thread that calls Run. That thread is the serving thread; it
// also owns the engine. No sync or callback service is ever registered: either would bring threads that poll the same
// sockets (measured: a third more time a message, and three context switches instead of one).
class RpcServer {
 public:
  // Starts listening; answers nothing before Run. Errors: UNAVAILABLE naming an address that can't be had.
  static absl::StatusOr<std::unique_ptr<RpcServer>> Listen(RpcOptions options, Engine& engine, Metrics& metrics,
                                                           const Clock& clock);
  ~RpcServer();

  // Who loads and unloads models; it must outlive Run. Before Run; without it such calls are UNIMPLEMENTED.
  void SetModelChanges(ModelChanges* changes) { model_changes_ = changes; }

  // Serves until Stop. The calling thread becomes the serving thread.
  void Run();

  // Work for the serving thread. Threads: any, until Stop.
  Mailbox& mailbox() { return mailbox_; }

  enum class Stopped {
    kDrained,  // every call has ended by itself
    kCutOff,   // some were ended at the end of the time
    kStuck,    // the serving thread hangs, in the pipeline; Run won't return: end the process without joining it
  };
  // Drains and stops: inherited sockets accept no more, health says NOT_SERVING, sessions end as Engine::Drain says;
  // when no call is left, or in the end, connections are closed and Run returns. What the pipeline has begun isn't
  // waited for past `timeout_ns`.
  // Threads: any but the serving one; once, and again where it was stuck.
  Stopped Stop(int64_t timeout_ns);

  // Where it listens; the port is the real one if 0 was asked for.
  int port() const { return listeners_ ? listeners_->port() : 0; }

  // Counts a call from accept to the end of its frame.
  class OpenCall {
   public:
    explicit OpenCall(RpcServer* rpc) : rpc_(rpc) { ++rpc_->open_calls_; }
    OpenCall(const OpenCall&) = delete;
    ~OpenCall() {
      --rpc_->open_calls_;
      rpc_->NoteCalls();
    }

   private:
    RpcServer* const rpc_;
  };

  // Keeps a Stream call in the list of those whose opening is waited for.
  class ListedStream {
   public:
    ListedStream(RpcServer* rpc, StreamCall* call) : rpc_(rpc), at_(rpc->streams_.insert(rpc->streams_.end(), call)) {}
    ListedStream(const ListedStream&) = delete;
    ~ListedStream() { rpc_->streams_.erase(at_); }

   private:
    RpcServer* const rpc_;
    const std::list<StreamCall*>::iterator at_;
  };

  // For the calls. Serving thread only.
  Engine& engine() { return engine_; }
  Metrics& metrics() { return metrics_; }
  const Clock& clock() const { return clock_; }
  SequenceStore* sequence_store() { return options_.sequence_store; }
  HealthBoard& health() { return health_; }
  Access& access() { return access_; }
  // Asks for a change of what is served; health follows it. As ModelChanges::Ask.
  void ChangeModel(ModelChanges::Request request, ModelChanges::Answer answer);
  grpc::ServerCompletionQueue* queue() { return queue_.get(); }
  v1::Recurrent::AsyncService& recurrent() { return recurrent_; }
  grpc::health::v1::Health::AsyncService& health_service() { return health_service_; }
  uint64_t uptime_ms() const { return static_cast<uint64_t>((clock_.NowNs() - start_ns_) / 1'000'000); }

 private:
  RpcServer(RpcOptions options, Engine& engine, Metrics& metrics, const Clock& clock);
  void AcceptAll();
  void Wake();
  Detached ReadMailbox();
  Detached Sweep();
  Detached Heartbeat();
  void ExpireUnopenedStreams();
  void OnRecovery(const RecoveryEvent& event);
  void NoteCalls();
  // Whether no call is left, or none within `timeout_ns`. Threads: any but the serving one.
  bool WaitForCalls(int64_t timeout_ns);

  const RpcOptions options_;
  Engine& engine_;
  Metrics& metrics_;
  const Clock& clock_;
  const int64_t start_ns_;
  ModelChanges* model_changes_ = nullptr;
  HealthBoard health_;
  Access access_;
  v1::Recurrent::AsyncService recurrent_;
  grpc::health::v1::Health::AsyncService health_service_;

  // A Post sets the alarm unless it is set already; the alarm's event makes the serving thread drain the mailbox.
  grpc::Alarm alarm_;
  QueueOp wake_;
  grpc::Alarm sweep_alarm_, heartbeat_alarm_;
  bool stopping_ = false;
  int open_calls_ = 0;
  std::list<StreamCall*> streams_;
  const std::unique_ptr<kserve::Service> kserve_;
  std::shared_ptr<std::promise<void>> no_calls_;  // while somebody waits for the last call's end
  Mailbox mailbox_;
  std::atomic<bool> wake_pending_{false};  // release by the poster, acquire by the serving thread
  std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<Listeners> listeners_;
};

}  // namespace recurd
