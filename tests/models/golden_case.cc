#include "tests/models/golden_case.h"

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <functional>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"

namespace recurd {
namespace {

namespace fs = std::filesystem;

absl::Status Malformed(const fs::path& file, const std::string& why) {
  return absl::InvalidArgumentError(absl::StrCat(file.string(), ": ", why));
}

std::string ReadBytes(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

absl::Status ReadExpectation(const fs::path& file, GoldenCase& golden) {
  std::ifstream stream(file);
  std::string line;
  bool is_said = false;
  while (std::getline(stream, line)) {
    if (line.rfind("why: ", 0) == 0) {
      golden.why.push_back(line.substr(5));
    } else if (line == "serves: stream" || line == "serves: whole" || line == "serves: refused") {
      golden.serves = line == "serves: stream"  ? GoldenCase::Serves::kStream
                      : line == "serves: whole" ? GoldenCase::Serves::kWhole
                                                : GoldenCase::Serves::kRefused;
      is_said = true;
    } else {
      return Malformed(file, absl::StrCat("line '", line, "' is not known"));
    }
  }
  return is_said ? absl::OkStatus() : Malformed(file, "it does not say what the model serves");
}

template <typename T>
std::vector<float> Values(const std::string& raw) {
  std::vector<T> values(raw.size() / sizeof(T));
  std::memcpy(values.data(), raw.data(), raw.size());
  return {values.begin(), values.end()};
}

// Reads kind_0.pb, kind_1.pb and so on.
absl::Status ReadTensors(const fs::path& folder, const std::string& kind, Tensors& tensors) {
  for (int i = 0;; ++i) {
    const fs::path file = folder / absl::StrCat(kind, "_", i, ".pb");
    if (!fs::exists(file)) return absl::OkStatus();
    onnx::TensorProto proto;
    if (!proto.ParseFromString(ReadBytes(file))) return Malformed(file, "it is no TensorProto");
    Tensor tensor{.shape = {proto.dims().begin(), proto.dims().end()}};
    const int64_t count = std::accumulate(tensor.shape.begin(), tensor.shape.end(), int64_t{1}, std::multiplies<>());
    const bool is_float = proto.data_type() == onnx::TensorProto::FLOAT;
    if (!is_float && proto.data_type() != onnx::TensorProto::INT32) return Malformed(file, "its type is not read here");
    if (proto.raw_data().size() != count * sizeof(float)) {
      return Malformed(file, absl::StrCat("it does not hold ", count, " values as raw data"));
    }
    tensor.values = is_float ? Values<float>(proto.raw_data()) : Values<int32_t>(proto.raw_data());
    if (!tensors.emplace(proto.name(), std::move(tensor)).second) return Malformed(file, "its name is given twice");
  }
}

}  // namespace

std::vector<std::string> GoldenCaseNames(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none)) {
    if (entry.is_directory()) names.push_back(entry.path().filename().string());
  }
  if (names.empty()) {
    fprintf(stderr, "%s holds no cases\n", folder.c_str());
    abort();
  }
  std::sort(names.begin(), names.end());
  return names;
}

absl::StatusOr<GoldenCase> LoadGoldenCase(const fs::path& folder) {
  GoldenCase golden{.name = folder.filename().string(), .model = ReadBytes(folder / "model.onnx")};
  if (golden.model.empty()) return Malformed(folder / "model.onnx", "it can't be read");
  RECURD_RETURN_IF_ERROR(ReadExpectation(folder / "expect.txt", golden));
  for (int i = 0;; ++i) {
    const fs::path data = folder / absl::StrCat("test_data_set_", i);
    if (!fs::exists(data)) break;
    GoldenSequence sequence;
    RECURD_RETURN_IF_ERROR(ReadTensors(data, "input", sequence.inputs));
    RECURD_RETURN_IF_ERROR(ReadTensors(data, "output", sequence.outputs));
    RECURD_RETURN_IF_ERROR(ReadTensors(data, "state", sequence.states));
    if (sequence.inputs.empty() || sequence.outputs.empty()) return Malformed(data, "it has no inputs or outputs");
    golden.sequences.push_back(std::move(sequence));
  }
  if (golden.sequences.empty() != (golden.serves == GoldenCase::Serves::kRefused)) {
    return Malformed(folder, "a model that is served has sequences, one that is refused has none");
  }
  return golden;
}

}  // namespace recurd
