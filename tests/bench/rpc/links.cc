#include "tests/bench/rpc/links.h"

#include <array>
#include <stdexcept>

namespace recurd::bench {
namespace {

constexpr char kModel[] = "digits";
constexpr int kInputs = 8;

template <typename Stream, typename Request, typename Response>
void WriteAndRead(Stream& stream, const Request& request, Response* response) {
  if (!stream.Write(request) || !stream.Read(response)) throw std::runtime_error("a stream broke");
}

inference::ModelInferRequest OneStep() {
  inference::ModelInferRequest request;
  request.set_model_name(kModel);
  auto* input = request.add_inputs();
  input->set_name("pixels");
  input->set_datatype("FP32");
  for (const int size : {1, 1, kInputs}) input->add_shape(size);
  std::array<float, kInputs> row;
  for (int i = 0; i < kInputs; ++i) row[static_cast<size_t>(i)] = static_cast<float>(i);
  request.add_raw_input_contents()->assign(reinterpret_cast<const char*>(row.data()), sizeof row);
  return request;
}

}  // namespace

std::shared_ptr<grpc::Channel> Connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

void Check(const grpc::Status& status) {
  if (!status.ok()) throw std::runtime_error("a call failed: " + status.error_message());
}

void FillInputs(int steps, int input_size, v1::Chunk* chunk) {
  chunk->clear_inputs();
  for (int i = 0; i < steps * input_size; ++i) chunk->add_inputs(static_cast<float>(i % 16));
}

EchoLink::EchoLink(const std::string& address)
    : stub_(Echo::NewStub(Connect(address))), stream_(stub_->Stream(&context_)) {
  frame_.set_data(std::string(kEchoBytes, 'x'));
}

void EchoLink::RoundTrip() { WriteAndRead(*stream_, frame_, &echoed_); }

NativeLink::NativeLink(const std::string& address, int steps)
    : steps_(steps), stub_(v1::Recurrent::NewStub(Connect(address))), stream_(stub_->Stream(&context_)) {
  request_.mutable_open()->set_model(kModel);
  WriteAndRead(*stream_, request_, &response_);
  session_id_ = response_.opened().session_id();
  request_.clear_open();
  FillInputs(steps, static_cast<int>(response_.opened().input_size()), request_.mutable_chunk());
}

void NativeLink::RoundTrip() {
  WriteAndRead(*stream_, request_, &response_);
  if (!response_.has_outputs()) throw std::runtime_error("a chunk was refused: " + response_.refused().message());
  request_.mutable_chunk()->set_first_step(request_.chunk().first_step() + static_cast<uint64_t>(steps_));
}

KserveLink::KserveLink(const std::string& address)
    : stub_(inference::GRPCInferenceService::NewStub(Connect(address))),
      stream_(stub_->ModelStreamInfer(&context_)),
      request_(OneStep()) {
  (*request_.mutable_parameters())["sequence_id"].set_int64_param(7);
  (*request_.mutable_parameters())["sequence_start"].set_bool_param(true);
  RoundTrip();
  (*request_.mutable_parameters())["sequence_start"].set_bool_param(false);
}

void KserveLink::RoundTrip() {
  WriteAndRead(*stream_, request_, &response_);
  if (!response_.error_message().empty()) throw std::runtime_error("a step was refused: " + response_.error_message());
}

InferLink::InferLink(const std::string& address) : stub_(v1::Recurrent::NewStub(Connect(address))) {
  request_.set_model(kModel);
  for (int i = 0; i < kInputs; ++i) request_.add_inputs(static_cast<float>(i));
}

void InferLink::RoundTrip() {
  grpc::ClientContext context;
  Check(stub_->Infer(&context, request_, &response_));
}

ModelInferLink::ModelInferLink(const std::string& address)
    : stub_(inference::GRPCInferenceService::NewStub(Connect(address))), request_(OneStep()) {}

void ModelInferLink::RoundTrip() {
  grpc::ClientContext context;
  Check(stub_->ModelInfer(&context, request_, &response_));
}

}  // namespace recurd::bench
