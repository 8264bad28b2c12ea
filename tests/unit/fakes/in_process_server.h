#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "grpcpp/grpcpp.h"
#include "server/engine/model_changes.h"
#include "server/engine/repairs.h"
#include "server/rpc/server.h"
#include "tests/unit/fakes/fake_clock.h"
#include "tests/unit/fakes/fake_pipeline.h"

namespace recurd {

// The real gRPC server over loopback with the fake pipeline's adder as model "adder"; with `with_fallback` another fake
// pipeline stands in for it, under the name "spare" and the profile "other". Repairs run on a thread of their own.
// What LoadModel finds is `load`'s, which is called on the admin thread; nothing unless a test sets it.
class InProcessServer {
 public:
  explicit InProcessServer(EngineOptions options = {}, RpcOptions rpc_options = {.listen = "127.0.0.1:0"},
                           bool with_fallback = false)
      : pipeline_(pipeline_clock_),
        fallback_(pipeline_clock_, "spare", "other"),
        engine_(pipeline_, metrics_, clock_, options, with_fallback ? &fallback_ : nullptr) {
    auto served = Prepare(FakePipeline::MakeModel());
    if (with_fallback) {
      served->fallback = *fallback_.Prepare(served->model);
      served->fallback_metrics = metrics_.AddModel("adder", "spare", 0);
    }
    engine_.catalog().Put(served);
    rpc_ = *RpcServer::Listen(rpc_options, engine_, metrics_, clock_);
    channel_ = grpc::CreateChannel(address(), grpc::InsecureChannelCredentials());
    rpc_->health().Set("", true);
    rpc_->health().Set("adder", true);
    repairs_ = std::make_unique<Repairs>(engine_, rpc_->mailbox(), [this] { admin_work_.Set(); });
    changes_ = std::make_unique<ModelChanges>(
        engine_, rpc_->mailbox(), [this] { admin_work_.Set(); },
        [this](const std::string& name, const std::string& version) { return load(name, version); },
        [](const std::vector<ModelSummary>&) {});
    rpc_->SetModelChanges(changes_.get());
    admin_ = std::thread([this] {
      while (admin_work_.Wait()) {
        lost_ = !repairs_->Work();
        while (changes_->Work()) {
        }
      }
    });
    serving_ = std::thread([this] { rpc_->Run(); });
  }
  ~InProcessServer() {
    Stop();
    admin_work_.End();
    admin_.join();
  }

  bool Stop(int64_t timeout_ns = 5'000'000'000) { return StopAs(timeout_ns) == RpcServer::Stopped::kDrained; }
  RpcServer::Stopped StopAs(int64_t timeout_ns) {
    if (!serving_.joinable()) return RpcServer::Stopped::kDrained;
    const RpcServer::Stopped stopped = rpc_->Stop(timeout_ns);
    if (stopped != RpcServer::Stopped::kStuck) serving_.join();
    return stopped;
  }
  // Ready to be served; for `load`.
  std::shared_ptr<ServedModel> Prepare(std::shared_ptr<const Model> model) {
    auto served = std::make_shared<ServedModel>();
    served->model = std::move(model);
    served->prepared = *pipeline_.Prepare(served->model);
    served->metrics = metrics_.AddModel(served->model->name, "fake", 0);
    return served;
  }
  ModelChanges::Load load = [](const std::string& name, const std::string&) {
    return absl::NotFoundError("nothing is called " + name);
  };

  // Runs `change` on the serving thread.
  void Do(const std::function<void(FakePipeline&)>& change) {
    std::promise<void> done;
    rpc_->mailbox().Post([&] {
      change(pipeline_);
      done.set_value();
    });
    done.get_future().wait();
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(rpc_->port()); }
  // One for all.
  std::shared_ptr<grpc::Channel> Channel() const { return channel_; }
  RpcServer& rpc() { return *rpc_; }
  Metrics& metrics() { return metrics_; }
  std::thread& serving_thread() { return serving_; }
  FakePipeline& pipeline() { return pipeline_; }
  // As the process would have ended.
  bool lost() const { return lost_; }

 private:
  // Wakes the admin thread.
  class Bell {
   public:
    void Set() { Change(&rung_); }
    void End() { Change(&over_); }
    // False once it is over.
    bool Wait() {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return rung_ || over_; });
      return std::exchange(rung_, false) || !over_;
    }

   private:
    void Change(bool* what) {
      std::lock_guard lock(mutex_);
      *what = true;
      changed_.notify_one();
    }
    std::mutex mutex_;
    std::condition_variable changed_;
    bool rung_ = false, over_ = false;
  };

  FakeClock pipeline_clock_;
  FakePipeline pipeline_, fallback_;
  SteadyClock clock_;
  Metrics metrics_;
  Engine engine_;
  std::unique_ptr<RpcServer> rpc_;
  std::shared_ptr<grpc::Channel> channel_;
  Bell admin_work_;
  std::unique_ptr<Repairs> repairs_;
  std::unique_ptr<ModelChanges> changes_;
  std::atomic<bool> lost_ = false;
  std::thread serving_, admin_;
};

}  // namespace recurd
