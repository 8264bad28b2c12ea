#include "tests/unit/client/fake_server.h"

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "absl/strings/str_cat.h"
#include "proto/grpc/health/v1/health.grpc.pb.h"
#include "proto/recurd/v1/recurd.grpc.pb.h"
#include "tests/unit/client/fake_stream.h"

namespace recurd {
namespace {

constexpr int kSessionPage = 2;

grpc::Status UnknownModel(const std::string& name) {
  return {grpc::StatusCode::NOT_FOUND, absl::StrCat("model '", name, "' is not served; there is sum")};
}

class FakeRecurrent final : public v1::Recurrent::Service {
 public:
  explicit FakeRecurrent(const FakeServer::Options& options) : options_(options) {}

  std::atomic<int64_t> delay_us{0};
  std::atomic<int> closed_count{0};

  void Script(const std::vector<Mishap>& mishaps) {
    std::lock_guard lock(mutex_);
    mishaps_.assign(mishaps.begin(), mishaps.end());
  }
  std::vector<v1::Open> opens() const {
    std::lock_guard lock(mutex_);
    return opens_;
  }
  std::vector<std::vector<v1::Chunk>> chunks() const {
    std::lock_guard lock(mutex_);
    return chunks_;
  }

  grpc::Status Stream(grpc::ServerContext* context, FakeStream::Stream* stream) override {
    if (!Knows(*context)) return {grpc::StatusCode::UNAUTHENTICATED, "the token is wrong"};
    v1::StreamRequest request;
    if (!stream->Read(&request)) return grpc::Status::OK;
    const v1::Open open = request.open();
    if (open.model() != "sum") return UnknownModel(open.model());
    FakeState state;
    std::string id;
    Mishap mishap;
    size_t index;
    if (grpc::Status status = Open(open, &id, &state, &mishap, &index); !status.ok()) return status;
    if (mishap.where == Mishap::kBeforeOpened) return Gone();
    FakeStream session(stream, open, &state, mishap);
    session.SendOpened(id, options_);
    Keep(id, &state);
    while (stream->Read(&request)) {
      if (!request.has_chunk()) {
        ++closed_count;
        Keep(id, nullptr);
        session.End(v1::Ended::CLOSED);
        return grpc::Status::OK;
      }
      std::this_thread::sleep_for(std::chrono::microseconds(delay_us));
      const float first = request.chunk().inputs(0);
      if (first == 1000) {
        session.End(v1::Ended::FAILED);
        return grpc::Status::OK;
      }
      if (first == 2000) return Gone();
      if (first == 4000) continue;
      NoteChunk(index, request.chunk());
      const bool goes_on = session.OnChunk(request.chunk());
      Keep(id, &state);
      if (!goes_on) return Gone();
    }
    return context->IsCancelled() ? grpc::Status::CANCELLED : grpc::Status::OK;
  }

  grpc::Status Infer(grpc::ServerContext*, const v1::InferRequest* request, v1::InferResponse* response) override {
    if (request->model() != "sum") return UnknownModel(request->model());
    float sum = 0;
    const int steps = request->inputs_size() / FakeStream::kInputSize;
    for (int i = 0; i < steps; ++i) {
      sum += request->inputs(2 * i) + request->inputs(2 * i + 1);
      if (!request->last_only() || i + 1 == steps) response->add_outputs(sum);
    }
    response->set_step_count(steps);
    return grpc::Status::OK;
  }

  grpc::Status ListSessions(grpc::ServerContext*, const v1::ListSessionsRequest* request,
                            v1::ListSessionsResponse* response) override {
    std::lock_guard lock(mutex_);
    for (auto& [id, session] : sessions_) {
      if (id <= request->page_token()) continue;
      if (response->sessions_size() == kSessionPage) {
        response->set_next_page_token(last_listed_);
        break;
      }
      last_listed_ = id;
      v1::SessionInfo& info = *response->add_sessions();
      info.set_handle(absl::StrCat("@", id.substr(6)));
      info.set_model("sum");
      info.set_version("1");
      info.set_next_step(session.step++);
      info.set_age_ms(61'000);
    }
    return grpc::Status::OK;
  }

  grpc::Status ExportSession(grpc::ServerContext*, const v1::ExportSessionRequest* request,
                             v1::ExportSessionResponse* response) override {
    std::lock_guard lock(mutex_);
    const auto session = Find(request->session_id());
    if (session == sessions_.end()) return {grpc::StatusCode::NOT_FOUND, "no such session"};
    response->set_model("sum");
    response->set_version("1");
    response->mutable_state()->set_format(1);
    response->mutable_state()->set_step(session->second.step);
    response->mutable_state()->add_values(session->second.sum);
    return grpc::Status::OK;
  }

  grpc::Status ImportSession(grpc::ServerContext*, const v1::ImportSessionRequest* request,
                             v1::ImportSessionResponse* response) override {
    if (request->model() != "sum") return UnknownModel(request->model());
    std::lock_guard lock(mutex_);
    response->set_session_id(absl::StrCat("secret", ++session_count_));
    response->set_next_step(request->state().step());
    sessions_[response->session_id()] = {request->state().step(), request->state().values(0), false};
    return grpc::Status::OK;
  }

  grpc::Status CloseSession(grpc::ServerContext*, const v1::CloseSessionRequest* request,
                            v1::CloseSessionResponse* response) override {
    std::lock_guard lock(mutex_);
    const auto session = Find(request->session_id());
    if (session == sessions_.end()) return {grpc::StatusCode::NOT_FOUND, "no such session"};
    response->set_next_step(session->second.step);
    sessions_.erase(session);
    return grpc::Status::OK;
  }

  void AddSessions(int count) {
    std::lock_guard lock(mutex_);
    for (int i = 0; i < count; ++i) sessions_[absl::StrCat("secret", ++session_count_)] = {uint64_t(i), 7, false};
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
    if (request->model() != "sum" && request->model() != "whole") return UnknownModel(request->model());
    if (request->model() == "whole") response->set_whole_sequence_reason("node 'bi' (LSTM): it runs backward");
    response->set_name("sum");
    response->set_version("1");
    response->set_input_size(FakeStream::kInputSize);
    response->set_output_size(1);
    auto* output = response->add_outputs();
    output->set_name("total");
    output->set_row_size(1);
    response->set_parameter_count(1234567);
    response->set_step_ns(250);
    return grpc::Status::OK;
  }

  grpc::Status GetServerInfo(grpc::ServerContext* context, const v1::GetServerInfoRequest*,
                             v1::GetServerInfoResponse* response) override {
    if (!Knows(*context)) return {grpc::StatusCode::UNAUTHENTICATED, "the token is wrong"};
    response->set_version("fake");
    response->set_max_chunk_steps(FakeStream::kMaxChunkSteps);
    response->set_max_message_bytes(FakeStream::kMaxMessageBytes);
    return grpc::Status::OK;
  }

 private:
  static grpc::Status Gone() { return {grpc::StatusCode::UNAVAILABLE, "gone"}; }

  bool Knows(const grpc::ServerContext& context) const {
    if (options_.token.empty()) return true;
    const auto& metadata = context.client_metadata();
    const auto found = metadata.find("authorization");
    return found != metadata.end() && found->second == "Bearer " + options_.token;
  }

  grpc::Status Open(const v1::Open& open, std::string* id, FakeState* state, Mishap* mishap, size_t* index) {
    std::lock_guard lock(mutex_);
    opens_.push_back(open);
    *index = chunks_.size();
    chunks_.emplace_back();
    if (!options_.attaches && (open.mode() != v1::Open::CREATE || !open.session_id().empty())) {
      return {grpc::StatusCode::UNIMPLEMENTED, "creates sessions only"};
    }
    if (!mishaps_.empty()) {
      *mishap = mishaps_.front();
      mishaps_.pop_front();
    }
    const auto kept = sessions_.find(open.session_id());
    const bool attached = open.mode() != v1::Open::CREATE && kept != sessions_.end();
    if (open.mode() == v1::Open::ATTACH && !attached) return {grpc::StatusCode::NOT_FOUND, "no such session"};
    *id = open.session_id().empty() ? absl::StrCat("secret", ++session_count_) : open.session_id();
    if (attached) *state = kept->second;
    if (open.has_state()) *state = {open.state().step(), open.state().values(0), false};
    return grpc::Status::OK;
  }

  void Keep(const std::string& id, const FakeState* state) {
    std::lock_guard lock(mutex_);
    state == nullptr ? static_cast<void>(sessions_.erase(id)) : static_cast<void>(sessions_[id] = *state);
  }

  // By id, or by handle: the number in it.
  std::map<std::string, FakeState>::iterator Find(const std::string& name) {
    return sessions_.find(name.rfind("@", 0) == 0 ? "secret" + name.substr(1) : name);
  }

  void NoteChunk(size_t index, const v1::Chunk& chunk) {
    std::lock_guard lock(mutex_);
    chunks_[index].push_back(chunk);
  }

  const FakeServer::Options options_;
  mutable std::mutex mutex_;  // guards all below
  std::deque<Mishap> mishaps_;
  std::vector<v1::Open> opens_;
  std::vector<std::vector<v1::Chunk>> chunks_;
  std::map<std::string, FakeState> sessions_;
  int session_count_ = 0;
  std::string last_listed_;
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
  explicit Impl(const Options& options) : recurrent(options) {}

  FakeRecurrent recurrent;
  FakeHealth health;
  std::unique_ptr<grpc::Server> server;
  std::string address;
  int port = 0;
};

namespace {

std::shared_ptr<grpc::ServerCredentials> CredentialsOf(const FakeServer::Options& options) {
  if (options.tls_cert.empty()) return grpc::InsecureServerCredentials();
  grpc::SslServerCredentialsOptions ssl(options.tls_client_ca.empty()
                                            ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                                            : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  ssl.pem_root_certs = options.tls_client_ca;
  ssl.pem_key_cert_pairs.push_back({options.tls_key, options.tls_cert});
  return grpc::SslServerCredentials(ssl);
}

}  // namespace

FakeServer::FakeServer() : FakeServer(Options()) {}

FakeServer::FakeServer(const Options& options) : impl_(std::make_unique<Impl>(options)) {
  grpc::ServerBuilder builder;
  builder.AddListeningPort(absl::StrCat("127.0.0.1:", options.port), CredentialsOf(options), &impl_->port);
  builder.RegisterService(&impl_->recurrent);
  builder.RegisterService(&impl_->health);
  impl_->server = builder.BuildAndStart();
  impl_->address = absl::StrCat("127.0.0.1:", impl_->port);
}

FakeServer::~FakeServer() { Kill(); }

void FakeServer::Kill() {
  impl_->server->Shutdown(std::chrono::system_clock::now());
  impl_->server->Wait();
}

const std::string& FakeServer::address() const { return impl_->address; }

int FakeServer::port() const { return impl_->port; }

void FakeServer::Script(const std::vector<Mishap>& mishaps) { impl_->recurrent.Script(mishaps); }

std::vector<v1::Open> FakeServer::opens() const { return impl_->recurrent.opens(); }

std::vector<std::vector<v1::Chunk>> FakeServer::chunks() const { return impl_->recurrent.chunks(); }

void FakeServer::AddSessions(int count) { impl_->recurrent.AddSessions(count); }

void FakeServer::SetDelay(std::chrono::microseconds delay) { impl_->recurrent.delay_us = delay.count(); }

int FakeServer::closed_count() const { return impl_->recurrent.closed_count; }

}  // namespace recurd
