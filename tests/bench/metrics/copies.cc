#include "tests/bench/metrics/copies.h"

#include <unistd.h>

#include <fstream>
#include <iterator>

#include "tests/bench/rpc/links.h"

namespace recurd::bench {
namespace {

namespace fs = std::filesystem;

constexpr char kDigits[] = "digits";
constexpr int kInputs = 8, kSequences = 50;

}  // namespace

CopiesRepository::CopiesRepository(int models)
    : models_(models), path_(fs::temp_directory_path() / ("recurd_metrics_bench_" + std::to_string(getpid()))) {
  const fs::path digits = fs::path(RECURD_SOURCE_DIR) / "deploy/models" / kDigits;
  for (int i = 0; i < models; ++i) {
    const fs::path copy = path_ / Name(i);
    fs::create_directories(copy / "1");
    fs::copy_file(digits / "1/model.onnx", copy / "1/model.onnx");
    std::ifstream file(digits / "config.pbtxt");
    std::string config((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    const std::string named = "name: \"" + std::string(kDigits) + "\"";
    config.replace(config.find(named), named.size(), "name: \"" + Name(i) + "\"");
    std::ofstream(copy / "config.pbtxt") << config;
  }
}

CopiesRepository::~CopiesRepository() { fs::remove_all(path_); }

std::string CopiesRepository::Name(int index) const { return index == 0 ? kDigits : "copy" + std::to_string(index); }

void CopiesRepository::UseAll(const Daemon& daemon) const {
  const auto stub = v1::Recurrent::NewStub(Connect(daemon.address()));
  v1::InferRequest request;
  for (int i = 0; i < kInputs; ++i) request.add_inputs(static_cast<float>(i));
  for (int i = 0; i < models_ * kSequences; ++i) {
    request.set_model(Name(i % models_));
    grpc::ClientContext context;
    v1::InferResponse response;
    Check(stub->Infer(&context, request, &response));
  }
}

}  // namespace recurd::bench
