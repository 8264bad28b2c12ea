#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "grpcpp/alarm.h"
#include "grpcpp/grpcpp.h"
#include "proto/inference/grpc_predict_v2.grpc.pb.h"
#include "server/rpc/kserve_inference.h"
#include "server/rpc/kserve_sequences.h"
#include "server/rpc/task.h"

namespace recurd {
class RpcServer;
}

namespace recurd::kserve {

// inference.GRPCInferenceService on the server's one queue: KServe v2 with Triton's sequences and streams. One request:
//
//   kserve_infer_call, kserve_stream_call   where it comes from and goes to
//   kserve_inference                        checks it whole, submits and answers it
//   kserve_parameters, kserve_tensors       what it says: its sequence, its numbers
//   kserve_sequences                        START, END, and the engine's sessions behind a name
//
// The other calls say what is served: kserve_model_calls, kserve_models, kserve_statistics.
// Threads: serving thread only.
class Service {
 public:
  using Async = inference::GRPCInferenceService::AsyncService;

  // A call that lasts. Listed from accept to the end of its frame.
  class Call {
   public:
    // About once a second, and when the server begins to drain. The call's frame must not die within.
    virtual void OnSweep(bool draining) = 0;

   protected:
    ~Call() = default;

   private:
    friend class Service;
    size_t place_ = 0;  // in calls_
  };
  class ListedCall {
   public:
    ListedCall(Service* service, Call* call) : service_(service), call_(call) { service_->Add(call_); }
    ListedCall(const ListedCall&) = delete;
    ~ListedCall() { service_->Remove(call_); }

   private:
    Service* const service_;
    Call* const call_;
  };

  explicit Service(RpcServer* rpc);
  Service(const Service&) = delete;

  void AcceptAll();
  void Sweep();
  // No more is taken from a store, or left to it.
  void Stop();

  RpcServer* rpc() { return rpc_; }
  Async& async() { return async_; }
  const Inference::Server& server() const { return server_; }
  SequenceTable& sequences() { return sequences_; }

  int waiting_infer_calls = 0;  // that ServeInferCalls has armed

 private:
  static Detached KeepSequences(Service* service);
  void Add(Call* call);
  void Remove(Call* call);

  RpcServer* const rpc_;
  Async async_;
  SequenceTable sequences_;
  const Inference::Server server_;
  std::vector<Call*> calls_;
  grpc::Alarm keep_alarm_;
  bool stopping_ = false;
};

Detached ServeInferCalls(Service* service);  // kserve_infer_call.cc: ModelInfer
Detached ServeStreamCall(Service* service);  // kserve_stream_call.cc: ModelStreamInfer
void ServeModelCalls(Service* service);      // kserve_model_calls.cc: all others

}  // namespace recurd::kserve
