#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/model/model.h"

namespace recurd {

// config.pbtxt: Triton's model configuration in protobuf text format, a stated subset of it.
// deploy/models/repository.md has every field with its values, unit, default and error. Any other field is an error
// that names it and its line.
struct VersionPolicy {
  enum class Kind { kLatest, kAll, kSpecific };
  Kind kind = Kind::kLatest;
  int64_t count = 1;              // kLatest
  std::vector<int64_t> versions;  // kSpecific
};

struct TensorConfig {
  std::string name;
  std::string data_type;
  std::vector<int64_t> dims;
};

struct ModelConfig {
  std::string name;
  int max_batch_size = 0;
  std::vector<TensorConfig> inputs, outputs;
  VersionPolicy version_policy;
  std::optional<ActivationForm> activation;
  WeightStorage weights = WeightStorage::kFp32;
  ServingSettings serving;
};

inline constexpr int64_t kMaxConfigFileBytes = 1 << 20;

// Errors: INVALID_ARGUMENT naming the line, the field and what was expected.
absl::StatusOr<ModelConfig> ParseModelConfig(absl::string_view text);

// Compares a configuration with the graph that it stands beside, and gives the model what it asks for. `model` has its
// name already. Errors: INVALID_ARGUMENT naming what the two say; then `model` is as it was.
absl::Status ApplyModelConfig(const ModelConfig& config, Model* model);

}  // namespace recurd
