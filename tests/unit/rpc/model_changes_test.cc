// LoadModel and UnloadModel, and the same as KServe has them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>

#include "tests/unit/fakes/in_process_server.h"
#include "tests/unit/fakes/test_stream.h"
#include "tests/unit/rpc/guarded_calls.h"

namespace recurd {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A repository in which "adder" has versions 1 and 2, whose files change with their fingerprint.
class ModelChangesCallTest : public ::testing::Test {
 protected:
  explicit ModelChangesCallTest(RpcOptions options = {.listen = "127.0.0.1:0"}, int64_t grace_ns = 60'000'000'000)
      : server_({.reload_grace_ns = grace_ns}, std::move(options)) {
    server_.load = [this](const std::string& name, const std::string& version) { return Load(name, version); };
  }
  absl::StatusOr<ModelChanges::Models> Load(const std::string& name, const std::string& version) {
    while (hold_) std::this_thread::yield();
    if (broken_) return absl::InvalidArgumentError("model.onnx: no ONNX model");
    if (name != "adder") return absl::NotFoundError("no such folder");
    auto model = std::make_shared<Model>(*FakePipeline::MakeModel());
    model->version = version.empty() ? "2" : version;
    model->fingerprint = fingerprint_;
    return ModelChanges::Models{server_.Prepare(model)};
  }
  template <typename Request, typename Response>
  grpc::Status Call(grpc::Status (v1::Recurrent::Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                    const Request& request, Response* response, const std::string& token = "") {
    Context context(token);
    return (stub_.get()->*method)(&context, request, response);
  }
  grpc::Status LoadModel(const std::string& version = "", const std::string& name = "adder") {
    v1::LoadModelRequest request;
    request.set_model(name);
    request.set_version(version);
    return Call(&v1::Recurrent::Stub::LoadModel, request, &loaded_);
  }
  grpc::Status UnloadModel(const std::string& version = "", const std::string& name = "adder") {
    v1::UnloadModelRequest request;
    request.set_model(name);
    request.set_version(version);
    return Call(&v1::Recurrent::Stub::UnloadModel, request, &unloaded_);
  }
  std::vector<std::string> Served() {
    v1::ListModelsResponse response;
    Call(&v1::Recurrent::Stub::ListModels, v1::ListModelsRequest(), &response);
    std::vector<std::string> served;
    for (const auto& model : response.models()) served.push_back(model.name() + "/" + model.version());
    return served;
  }
  grpc::health::v1::HealthCheckResponse::ServingStatus Health() {
    Context context;
    grpc::health::v1::HealthCheckRequest request;
    request.set_service("adder");
    grpc::health::v1::HealthCheckResponse response;
    grpc::health::v1::Health::NewStub(server_.Channel())->Check(&context, request, &response);
    return response.status();
  }
  bool KserveReady() {
    Context context;
    inference::ModelReadyRequest request;
    request.set_name("adder");
    inference::ModelReadyResponse response;
    Kserve::NewStub(server_.Channel())->ModelReady(&context, request, &response);
    return response.ready();
  }

  std::atomic<bool> hold_ = false, broken_ = false;
  std::string fingerprint_ = "00000000000000bb";
  InProcessServer server_;
  std::unique_ptr<v1::Recurrent::Stub> stub_ = v1::Recurrent::NewStub(server_.Channel());
  v1::LoadModelResponse loaded_;
  v1::UnloadModelResponse unloaded_;
};

TEST_F(ModelChangesCallTest, ALoadedModelIsServedAndShownEverywhere) {
  EXPECT_TRUE(LoadModel("2").ok());
  EXPECT_EQ(loaded_.version(), "2");
  EXPECT_THAT(loaded_.versions(), ElementsAre("2"));
  EXPECT_THAT(Served(), ElementsAre("adder/1", "adder/2"));
  TestStream stream(server_);
  stream.Open();
  EXPECT_EQ(stream.Receive().opened().version(), "2");
}

TEST_F(ModelChangesCallTest, SessionsFinishOnTheVersionThatTheyOpened) {
  TestStream old_stream(server_), new_stream(server_);
  old_stream.Open();
  EXPECT_EQ(old_stream.Receive().opened().model_fingerprint(), "00000000000000aa");
  EXPECT_TRUE(LoadModel("1").ok());
  EXPECT_EQ(loaded_.sessions_left(), 1u);
  new_stream.Open();
  EXPECT_EQ(new_stream.Receive().opened().model_fingerprint(), fingerprint_);
  old_stream.SendChunk(0, {1, 2});
  EXPECT_THAT(old_stream.Receive().outputs().outputs(), ElementsAre(1, 3));
}

TEST_F(ModelChangesCallTest, OthersAreServedWhileAModelIsLoaded) {
  hold_ = true;
  auto load = std::async(std::launch::async, [this] { return LoadModel("2"); });
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(Infer(server_.Channel()).ok());
  EXPECT_EQ(load.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  EXPECT_THAT(Served(), ElementsAre("adder/1"));
  hold_ = false;
  EXPECT_TRUE(load.get().ok());
}

TEST_F(ModelChangesCallTest, ACallerThatGoesAwayHarmsNobody) {
  hold_ = true;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(50));
  v1::LoadModelRequest request;
  request.set_model("adder");
  EXPECT_EQ(stub_->LoadModel(&context, request, &loaded_).error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  hold_ = false;
  EXPECT_TRUE(WaitFor([this] { return Served() == std::vector<std::string>{"adder/2"}; }));
}

TEST_F(ModelChangesCallTest, ALoadThatFailsChangesNothing) {
  broken_ = true;
  const grpc::Status status = LoadModel();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("no ONNX model"));
  EXPECT_THAT(Served(), ElementsAre("adder/1"));
  EXPECT_EQ(LoadModel("", "nobody").error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(Health(), grpc::health::v1::HealthCheckResponse::SERVING);
}

TEST_F(ModelChangesCallTest, AnUnloadedModelIsServedNoLongerAndComesBack) {
  EXPECT_TRUE(UnloadModel().ok());
  EXPECT_THAT(unloaded_.versions(), ElementsAre("1"));
  EXPECT_THAT(Served(), IsEmpty());
  EXPECT_FALSE(KserveReady());
  EXPECT_EQ(Health(), grpc::health::v1::HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(Infer(server_.Channel()).error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(UnloadModel().error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_TRUE(LoadModel().ok());
  EXPECT_TRUE(KserveReady());
  EXPECT_EQ(Health(), grpc::health::v1::HealthCheckResponse::SERVING);
  EXPECT_TRUE(Infer(server_.Channel()).ok());
}

class NoGraceTest : public ModelChangesCallTest {
 protected:
  NoGraceTest() : ModelChangesCallTest({.listen = "127.0.0.1:0"}, 0) {}
};

TEST_F(NoGraceTest, WhatIsLeftAfterTheGraceGetsACheckpointUnasked) {
  TestStream stream(server_);
  stream.Open();
  stream.Receive();
  stream.SendChunk(0, {1, 2});
  stream.Receive();
  EXPECT_TRUE(UnloadModel().ok());
  EXPECT_EQ(unloaded_.sessions_left(), 1u);
  const v1::State state = stream.Receive().checkpoint().state();
  EXPECT_EQ(state.step(), 2u);
  EXPECT_THAT(state.values(), ElementsAre(3));
  const v1::Ended ended = stream.Receive().ended();
  EXPECT_EQ(ended.reason(), v1::Ended::MODEL_UNLOADED);
  EXPECT_THAT(ended.message(), HasSubstr("--reload_grace"));
  EXPECT_TRUE(stream.Finish().ok());
}

TEST_F(NoGraceTest, SequencesOfKserveEndToo) {
  EXPECT_TRUE(InferKserve(server_.Channel(), kserve::Of(7, {1}, kserve::kStart)).status.ok());
  EXPECT_TRUE(LoadModel().ok());
  WaitFor([this] { return server_.metrics().server.sessions_active.value() == 0; });
  const KserveAnswer answer = InferKserve(server_.Channel(), kserve::Of(7, {1}));
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(answer.status.error_message(), HasSubstr("model_unloaded"));
  EXPECT_TRUE(InferKserve(server_.Channel(), kserve::Of(7, {1}, kserve::kStart)).status.ok());
}

TEST_F(NoGraceTest, AnUnloadedModelsMemoryComesBackWithItsLastSession) {
  EXPECT_TRUE(LoadModel().ok());
  std::weak_ptr<ServedModel> model;
  std::promise<void> done;
  server_.rpc().mailbox().Post([&] {
    model = server_.rpc().engine().catalog().Find("adder", "2");
    done.set_value();
  });
  done.get_future().wait();
  TestStream stream(server_);
  stream.Open();
  stream.Receive();
  EXPECT_TRUE(UnloadModel().ok());
  EXPECT_FALSE(model.expired());
  stream.Finish();
  EXPECT_TRUE(recurd::WaitFor([&] { return model.expired(); }));
}

// ---- KServe

class KserveChangesTest : public ModelChangesCallTest {
 protected:
  grpc::Status Load(const inference::RepositoryModelLoadRequest& request) {
    Context context;
    inference::RepositoryModelLoadResponse response;
    return Kserve::NewStub(server_.Channel())->RepositoryModelLoad(&context, request, &response);
  }
  grpc::Status Unload(const inference::RepositoryModelUnloadRequest& request) {
    Context context;
    inference::RepositoryModelUnloadResponse response;
    return Kserve::NewStub(server_.Channel())->RepositoryModelUnload(&context, request, &response);
  }
};

TEST_F(KserveChangesTest, LoadsAndUnloadsByName) {
  inference::RepositoryModelLoadRequest load;
  load.set_model_name("adder");
  EXPECT_TRUE(Load(load).ok());
  EXPECT_THAT(Served(), ElementsAre("adder/2"));
  inference::RepositoryModelUnloadRequest unload;
  unload.set_model_name("adder");
  (*unload.mutable_parameters())["unload_dependents"].set_bool_param(true);
  EXPECT_TRUE(Unload(unload).ok());
  EXPECT_FALSE(KserveReady());
  EXPECT_EQ(Unload(unload).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(KserveChangesTest, FilesAndConfigurationsFromTheNetworkAreRefused) {
  inference::RepositoryModelLoadRequest load;
  load.set_model_name("adder");
  (*load.mutable_parameters())["config"].set_string_param("{}");
  EXPECT_EQ(Load(load).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(Load(load).error_message(), HasSubstr("'config'"));
  load.clear_parameters();
  (*load.mutable_parameters())["file:1/model.onnx"].set_bytes_param("x");
  EXPECT_THAT(Load(load).error_message(), HasSubstr("'file:1/model.onnx'"));
  load.clear_parameters();
  load.set_repository_name("elsewhere");
  EXPECT_THAT(Load(load).error_message(), AllOf(HasSubstr("'elsewhere'"), HasSubstr("leave the name empty")));
  EXPECT_THAT(Served(), ElementsAre("adder/1"));
}

// ---- who may

TEST(ModelChangesAccessTest, LoadingAndUnloadingAreForAdministrators) {
  InProcessServer server({}, {.listen = "127.0.0.1:0", .tokens = ParsedTokens()});
  const auto stub = v1::Recurrent::NewStub(server.Channel());
  const auto codes = [&](const std::string& token) {
    Context load_context(token), unload_context(token);
    v1::LoadModelRequest load;
    v1::UnloadModelRequest unload;
    v1::LoadModelResponse loaded;
    v1::UnloadModelResponse unloaded;
    return std::vector{stub->LoadModel(&load_context, load, &loaded).error_code(),
                       stub->UnloadModel(&unload_context, unload, &unloaded).error_code()};
  };
  using grpc::StatusCode;
  EXPECT_THAT(codes(""), ElementsAre(StatusCode::UNAUTHENTICATED, StatusCode::UNAUTHENTICATED));
  EXPECT_THAT(codes(kStreamToken), ElementsAre(StatusCode::PERMISSION_DENIED, StatusCode::PERMISSION_DENIED));
  EXPECT_THAT(codes(kAdminToken), ElementsAre(StatusCode::NOT_FOUND, StatusCode::NOT_FOUND));
}

}  // namespace
}  // namespace recurd
