#pragma once

#include <memory>
#include <string>

#include "grpcpp/grpcpp.h"
#include "proto/inference/grpc_predict_v2.grpc.pb.h"
#include "proto/recurd/v1/recurd.grpc.pb.h"
#include "tests/bench/rpc/echo.grpc.pb.h"

namespace recurd::bench {

// Clients that send one message at a time and wait for its answer. Each has a connection and a stream of its own.
// All throw std::runtime_error when the stream breaks or a message is refused.

inline constexpr size_t kEchoBytes =
    64;  // of an echo's message: between a one-step request, which is less, and its answer

// A connection of its own, whatever others there are.
std::shared_ptr<grpc::Channel> Connect(const std::string& address);

// Throws std::runtime_error unless the call went well.
void Check(const grpc::Status& status);

// T rows of I inputs, all small and different.
void FillInputs(int steps, int input_size, v1::Chunk* chunk);

class EchoLink {
 public:
  explicit EchoLink(const std::string& address);
  void RoundTrip();

 private:
  grpc::ClientContext context_;
  std::unique_ptr<Echo::Stub> stub_;
  std::unique_ptr<grpc::ClientReaderWriter<Frame, Frame>> stream_;
  Frame frame_, echoed_;
};

// A session of the native API; each message is a chunk of `steps` steps.
class NativeLink {
 public:
  explicit NativeLink(const std::string& address, int steps = 1);
  void RoundTrip();
  const v1::Outputs& outputs() const { return response_.outputs(); }
  const std::string& session_id() const { return session_id_; }

 private:
  void Exchange();

  const int steps_;
  grpc::ClientContext context_;
  std::unique_ptr<v1::Recurrent::Stub> stub_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::StreamRequest, v1::StreamResponse>> stream_;
  v1::StreamRequest request_;
  v1::StreamResponse response_;
  std::string session_id_;
};

// A KServe sequence on a ModelStreamInfer stream; each message is a step.
class KserveLink {
 public:
  explicit KserveLink(const std::string& address);
  void RoundTrip();

 private:
  grpc::ClientContext context_;
  std::unique_ptr<inference::GRPCInferenceService::Stub> stub_;
  std::unique_ptr<grpc::ClientReaderWriter<inference::ModelInferRequest, inference::ModelStreamInferResponse>> stream_;
  inference::ModelInferRequest request_;
  inference::ModelStreamInferResponse response_;
};

// A call for each message, which is a sequence of one step: the native Infer, and KServe's ModelInfer.
class InferLink {
 public:
  explicit InferLink(const std::string& address);
  void RoundTrip();

 private:
  std::unique_ptr<v1::Recurrent::Stub> stub_;
  v1::InferRequest request_;
  v1::InferResponse response_;
};

class ModelInferLink {
 public:
  explicit ModelInferLink(const std::string& address);
  void RoundTrip();

 private:
  std::unique_ptr<inference::GRPCInferenceService::Stub> stub_;
  inference::ModelInferRequest request_;
  inference::ModelInferResponse response_;
};

}  // namespace recurd::bench
