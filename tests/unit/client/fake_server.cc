#include "tests/unit/client/fake_server.h"

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <thread>

#include "absl/strings/str_cat.h"
#include "proto/grpc/health/v1/health.grpc.pb.h"
#include "proto/recurd/v1/recurd.grpc.pb.h"

namespace recurd {
namespace {

constexpr int kInputSize = 2;
constexpr uint32_t kMaxChunkSteps = 64;
constexpr uint32_t kMaxMessageBytes = 1 << 20;

grpc::Status UnknownModel(const std::string& name) {
  return {grpc::StatusCode::NOT_FOUND, absl::StrCat("model '", name, "' is not served; there is sum")};
}

// One stream's session.
class FakeSession {
 public:
  using Stream = grpc::ServerReaderWriter<v1::StreamResponse, v1::StreamRequest>;

  FakeSession(Stream* stream, v1::Open open) : stream_(stream), open_(std::move(open)) {
    step_ = open_.state().step();
    sum_ = open_.state().values_size() > 0 ? open_.state().values(0) : 0;
    v1::StreamResponse response;
    v1::Opened& opened = *response.mutable_opened();
    opened.set_session_id("secret");
    opened.set_next_step(step_);
    opened.set_version("1");
    opened.set_input_size(kInputSize);
    opened.set_output_size(1);
    opened.set_state_size(1);
    opened.set_max_chunk_steps(kMaxChunkSteps);
    opened.set_max_chunks_ahead(4);
    stream_->Write(response);
  }

  void Refuse(const v1::Chunk& chunk, grpc::StatusCode code, const std::string& message, uint32_t retry_after_ms = 0) {
    v1::StreamResponse response;
    v1::Refused& refused = *response.mutable_refused();
    refused.set_first_step(chunk.first_step());
    refused.set_code(code);
    refused.set_message(message);
    refused.set_expected_step(step_);
    refused.set_retry_after_ms(retry_after_ms);
    refused.set_client_tag(chunk.client_tag());
    stream_->Write(response);
  }

  void End(v1::Ended::Reason reason) {
    v1::StreamResponse response;
    response.mutable_ended()->set_reason(reason);
    response.mutable_ended()->set_message("says the fake");
    response.mutable_ended()->set_next_step(step_);
    stream_->Write(response);
  }

  void Apply(const v1::Chunk& chunk) {
    if (begin_next_ && !chunk.begin()) return Refuse(chunk, grpc::StatusCode::INVALID_ARGUMENT, "begin is missing");
    if (chunk.first_step() != (chunk.begin() ? 0 : step_)) {
      return Refuse(chunk, grpc::StatusCode::ABORTED, "out of order");
    }
    if (chunk.inputs(0) == 3000 && !refused_once_) {
      refused_once_ = true;
      return Refuse(chunk, grpc::StatusCode::RESOURCE_EXHAUSTED, "no room", 7);
    }
    if (chunk.begin()) {
      step_ = 0;
      sum_ = 0;
    }
    v1::StreamResponse response;
    v1::Outputs& outputs = *response.mutable_outputs();
    const int steps = chunk.inputs_size() / kInputSize;
    outputs.set_first_step(step_);
    outputs.set_step_count(steps);
    outputs.set_client_tag(chunk.client_tag());
    outputs.set_queue_ns(1000);
    outputs.set_pipeline_ns(2000);
    outputs.set_modelled_ns(750);
    for (int i = 0; i < steps; ++i, ++step_) {
      sum_ += chunk.inputs(2 * i) + chunk.inputs(2 * i + 1);
      if (Wanted(i + 1 == steps, chunk.end())) outputs.add_outputs(sum_);
    }
    stream_->Write(response);
    MaybeCheckpoint();
    begin_next_ = chunk.end();
    if (chunk.end()) step_ = 0;
  }

 private:
  bool Wanted(bool last, bool end) const {
    switch (open_.outputs()) {
      case v1::Open::EVERY_STEP:
        return true;
      case v1::Open::LAST_OF_CHUNK:
        return last;
      case v1::Open::LAST_OF_SEQUENCE:
        return last && end;
      default:
        return (step_ + 1) % open_.output_stride() == 0;
    }
  }

  void MaybeCheckpoint() {
    if (open_.checkpoint_steps() == 0) return;
    v1::StreamResponse response;
    response.mutable_checkpoint()->mutable_state()->set_step(step_);
    response.mutable_checkpoint()->mutable_state()->add_values(sum_);
    stream_->Write(response);
  }

  Stream* const stream_;
  const v1::Open open_;
  uint64_t step_ = 0;
  float sum_ = 0;
  bool begin_next_ = false;
  bool refused_once_ = false;
};

class FakeRecurrent final : public v1::Recurrent::Service {
 public:
  std::atomic<int64_t> delay_us{0};
  std::atomic<int> closed_count{0};

  grpc::Status Stream(grpc::ServerContext* context, FakeSession::Stream* stream) override {
    v1::StreamRequest request;
    if (!stream->Read(&request)) return grpc::Status::OK;
    if (request.open().model() != "sum") return UnknownModel(request.open().model());
    FakeSession session(stream, request.open());
    while (stream->Read(&request)) {
      if (!request.has_chunk()) {
        ++closed_count;
        session.End(v1::Ended::CLOSED);
        return grpc::Status::OK;
      }
      std::this_thread::sleep_for(std::chrono::microseconds(delay_us));
      const float first = request.chunk().inputs(0);
      if (first == 1000) {
        session.End(v1::Ended::FAILED);
        return grpc::Status::OK;
      }
      if (first == 2000) return {grpc::StatusCode::UNAVAILABLE, "gone"};
      if (first != 4000) session.Apply(request.chunk());
    }
    return context->IsCancelled() ? grpc::Status::CANCELLED : grpc::Status::OK;
  }

  grpc::Status Infer(grpc::ServerContext*, const v1::InferRequest* request, v1::InferResponse* response) override {
    if (request->model() != "sum") return UnknownModel(request->model());
    float sum = 0;
    const int steps = request->inputs_size() / kInputSize;
    for (int i = 0; i < steps; ++i) {
      sum += request->inputs(2 * i) + request->inputs(2 * i + 1);
      if (!request->last_only() || i + 1 == steps) response->add_outputs(sum);
    }
    response->set_step_count(steps);
    return grpc::Status::OK;
  }

  grpc::Status ListModels(grpc::ServerContext*, const v1::ListModelsRequest*,
                          v1::ListModelsResponse* response) override {
    auto* entry = response->add_models();
    entry->set_name("sum");
    entry->set_version("1");
    entry->set_state("READY");
    return grpc::Status::OK;
  }

  grpc::Status GetModel(grpc::ServerContext*, const v1::GetModelRequest* request,
                        v1::GetModelResponse* response) override {
    if (request->model() != "sum") return UnknownModel(request->model());
    response->set_name("sum");
    response->set_version("1");
    response->set_input_size(kInputSize);
    response->set_output_size(1);
    auto* output = response->add_outputs();
    output->set_name("total");
    output->set_row_size(1);
    response->set_parameter_count(1234567);
    response->set_step_ns(250);
    return grpc::Status::OK;
  }

  grpc::Status GetServerInfo(grpc::ServerContext*, const v1::GetServerInfoRequest*,
                             v1::GetServerInfoResponse* response) override {
    response->set_version("fake");
    response->set_max_chunk_steps(kMaxChunkSteps);
    response->set_max_message_bytes(kMaxMessageBytes);
    return grpc::Status::OK;
  }
};

class FakeHealth final : public grpc::health::v1::Health::Service {
  grpc::Status Check(grpc::ServerContext*, const grpc::health::v1::HealthCheckRequest* request,
                     grpc::health::v1::HealthCheckResponse* response) override {
    using Response = grpc::health::v1::HealthCheckResponse;
    if (request->service() != "" && request->service() != "sick")
      return {grpc::StatusCode::NOT_FOUND, "no such service"};
    response->set_status(request->service() == "sick" ? Response::NOT_SERVING : Response::SERVING);
    return grpc::Status::OK;
  }
};

}  // namespace

struct FakeServer::Impl {
  FakeRecurrent recurrent;
  FakeHealth health;
  std::unique_ptr<grpc::Server> server;
  std::string address;
};

FakeServer::FakeServer() : impl_(std::make_unique<Impl>()) {
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&impl_->recurrent);
  builder.RegisterService(&impl_->health);
  impl_->server = builder.BuildAndStart();
  impl_->address = absl::StrCat("127.0.0.1:", port);
}

FakeServer::~FakeServer() {
  impl_->server->Shutdown(std::chrono::system_clock::now() + std::chrono::milliseconds(200));
  impl_->server->Wait();
}

const std::string& FakeServer::address() const { return impl_->address; }

void FakeServer::SetDelay(std::chrono::microseconds delay) { impl_->recurrent.delay_us = delay.count(); }

int FakeServer::closed_count() const { return impl_->recurrent.closed_count; }

}  // namespace recurd
