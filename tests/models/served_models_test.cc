// Golden models in a daemon's repository, asked for by KServe's tensors and by the native calls: the same numbers.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "grpcpp/grpcpp.h"
#include "proto/inference/grpc_predict_v2.grpc.pb.h"
#include "recurd/client.h"
#include "server/model/format/onnx_import.h"
#include "tests/integration/child.h"
#include "tests/models/golden_case.h"
#include "tests/models/rows.h"

namespace recurd {
namespace {

namespace fs = std::filesystem;

constexpr char kGolden[] = RECURD_SOURCE_DIR "/tests/golden/models";
constexpr int kEveryNth = 5;  // enough for every kind of case, and a daemon that is up at once

// A repository with some of the golden models that are served.
class Repository {
 public:
  Repository() {
    std::string pattern = ::testing::TempDir() + "/recurd_goldenXXXXXX";
    root_ = mkdtemp(pattern.data());
    for (const std::string& name : GoldenCaseNames(kGolden)) {
      GoldenCase golden = LoadGoldenCase(fs::path(kGolden) / name).value();
      if (golden.serves == GoldenCase::Serves::kRefused || seen_++ % kEveryNth != 0) continue;
      fs::create_directories(root_ / name / "1");
      fs::copy_file(fs::path(kGolden) / name / "model.onnx", root_ / name / "1" / "model.onnx");
      cases_.push_back(std::move(golden));
    }
  }
  ~Repository() { fs::remove_all(root_); }

  std::string Flag() const { return "--model_repository=" + root_.string(); }
  const std::vector<GoldenCase>& cases() const { return cases_; }

 private:
  fs::path root_;
  int seen_ = 0;
  std::vector<GoldenCase> cases_;
};

std::vector<uint32_t> Bits(const std::vector<float>& values) {
  std::vector<uint32_t> bits;
  for (const float value : values) bits.push_back(std::bit_cast<uint32_t>(value));
  return bits;
}

class ServedModelsTest : public testing::Test {
 protected:
  // A graph's tensors as KServe's, and back.
  Tensors KserveInfer(const Model& model, const GoldenSequence& sequence) {
    inference::ModelInferRequest request;
    request.set_model_name(model.name);
    for (const auto& [name, tensor] : sequence.inputs) {
      auto* input = request.add_inputs();
      input->set_name(name);
      for (const int64_t size : tensor.shape) input->add_shape(size);
      const auto& lengths = model.length_inputs;
      const bool is_length = std::find(lengths.begin(), lengths.end(), name) != lengths.end();
      input->set_datatype(is_length ? "INT32" : "FP32");
      std::string& raw = *request.add_raw_input_contents();
      const std::vector<int32_t> integers(tensor.values.begin(), tensor.values.end());
      raw.assign(is_length ? reinterpret_cast<const char*>(integers.data())
                           : reinterpret_cast<const char*>(tensor.values.data()),
                 tensor.values.size() * sizeof(float));
    }
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    inference::ModelInferResponse response;
    const grpc::Status status = kserve_->ModelInfer(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    Tensors outputs;
    for (int i = 0; status.ok() && i < response.outputs_size(); ++i) {
      const auto& output = response.outputs(i);
      Tensor tensor{.shape = {output.shape().begin(), output.shape().end()}};
      const std::string& raw = response.raw_output_contents(i);
      tensor.values.resize(raw.size() / sizeof(float));
      std::memcpy(tensor.values.data(), raw.data(), raw.size());
      outputs.emplace(output.name(), std::move(tensor));
    }
    return outputs;
  }

  std::vector<float> NativeInfer(const Model& model, const std::vector<float>& rows) {
    v1::InferRequest request;
    request.set_model(model.name);
    request.mutable_inputs()->Add(rows.begin(), rows.end());
    const auto response = native_.Infer(request);
    EXPECT_TRUE(response.ok()) << response.status();
    return response.ok() ? std::vector<float>{response->outputs().begin(), response->outputs().end()}
                         : std::vector<float>{};
  }

  // By a session, a step at a time.
  std::vector<float> NativeStream(const Model& model, const std::vector<float>& rows) {
    auto session = native_.Open(model.name);
    EXPECT_TRUE(session.ok()) << session.status();
    std::vector<float> outputs;
    const absl::Span<const float> all = rows;
    for (size_t at = 0; session.ok() && at < rows.size(); at += model.input_size) {
      const auto answer = session->Run(all.subspan(at, model.input_size), {.begin = at == 0});
      EXPECT_TRUE(answer.ok()) << answer.status();
      if (!answer.ok()) break;
      outputs.insert(outputs.end(), answer->outputs().begin(), answer->outputs().end());
    }
    return outputs;
  }

  // The native calls give whole rows: those of every step of the bits that KServe gave as tensors.
  void ExpectNativeBits(const Model& model, const GoldenSequence& sequence, const Tensors& kserve) {
    const int steps = StepsOf(model, sequence);
    const std::vector<float> inputs = InputRows(model, sequence, steps);
    const std::vector<float> rows = NativeInfer(model, inputs);
    ASSERT_EQ(rows.size(), static_cast<size_t>(steps) * model.output_size);
    for (const TensorSpec& spec : model.outputs) {
      EXPECT_EQ(Bits(TensorOf(spec, rows, model.output_size, steps).values), Bits(kserve.at(spec.name).values));
    }
    if (model.streams()) {
      EXPECT_EQ(Bits(NativeStream(model, inputs)), Bits(rows));
    } else {
      EXPECT_FALSE(native_.Open(model.name).ok());
    }
  }

  Repository repository_;
  Daemon daemon_{{repository_.Flag()}};
  Client native_ = *Client::Connect(daemon_.address());
  std::unique_ptr<inference::GRPCInferenceService::Stub> kserve_ = inference::GRPCInferenceService::NewStub(
      grpc::CreateChannel(daemon_.address(), grpc::InsecureChannelCredentials()));
};

TEST_F(ServedModelsTest, GiveTheirFrameworksNumbersByEveryCall) {
  int sequences = 0;
  for (const GoldenCase& golden : repository_.cases()) {
    SCOPED_TRACE(golden.name);
    const Model model = ImportOnnx(golden.model, golden.name, "1").value();
    for (const GoldenSequence& sequence : golden.sequences) {
      const Tensors outputs = KserveInfer(model, sequence);
      ASSERT_EQ(outputs.size(), sequence.outputs.size());
      for (const auto& [name, expected] : sequence.outputs) {
        ASSERT_EQ(outputs.at(name).shape, expected.shape) << name;
        for (size_t i = 0; i < expected.values.size(); ++i) {
          ASSERT_NEAR(outputs.at(name).values[i], expected.values[i], 1e-5) << name << "[" << i << "]";
        }
      }
      if (model.state_inputs.empty()) ExpectNativeBits(model, sequence, outputs);
      ++sequences;
    }
  }
  EXPECT_GT(sequences, 50);
}

}  // namespace
}  // namespace recurd
